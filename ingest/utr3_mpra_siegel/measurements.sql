-- One row of the measurements → two rows of oligo_measurement: a stability in each cell line.
select
    t.source_line,
    said.n as sub_row,
    md5(upper(t.sequence)) as sequence_id,
    said.cell_line as cell_line,
    'stability' as quantity,
    said.value as value,
    case
        when t.sequence is null then 'sequence is missing'
        when not regexp_full_match(t.sequence, '[ACGTNacgtn]+') then 'sequence: ''' || t.sequence || ''' is not made of A, C, G, T and N'
    end as reject_reason
from (
    select *, unnest([
        {n: 0, cell_line: 'Jurkat', value: stability_Jurkat},
        {n: 1, cell_line: 'Beas2B', value: stability_Beas2B}
    ]) as said
    from typed
) as t
