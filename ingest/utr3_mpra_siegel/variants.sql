-- One row of the variants → one row of oligo_measurement. Lines 1 and 2 are a pair, then 3 and 4: the alternative stands above its reference.
select
    t.source_line,
    case when t.source_line % 2 = 1 then 'alt' else 'ref' end as allele,
    (t.source_line + 1) // 2 as pair,
    md5(upper(t.sequence)) as sequence_id,
    f.cell_line,
    'stability_change' as quantity,
    t.stability_change as value,
    case
        when t.sequence is null then 'sequence is missing'
        when not regexp_full_match(t.sequence, '[ACGTNacgtn]+') then 'sequence: ''' || t.sequence || ''' is not made of A, C, G, T and N'
        when t.source_line % 2 = 0 and t.stability_change <> 0
            then 'stability_change: ' || t.stability_change || ' of a reference, which is compared with itself; expected 0'
    end as reject_reason
from typed as t
cross join file as f
