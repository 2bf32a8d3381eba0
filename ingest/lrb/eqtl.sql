-- One row of All_Tissues.csv → one row of lrb_eqtl. Input: typed (upstream's columns with their types), file (one row of constants).
with placed as (
    select t.*, c.chrom as contig, c.length, f.assembly
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHROM
)
select
    p.source_line,
    variant_id(p.assembly, p.contig, p.POS, upper(p.REF), upper(p.ALT)) as variant_id,
    p.assembly,
    p.contig as chrom,
    p.POS as pos,
    upper(p.REF) as ref,
    upper(p.ALT) as alt,
    case when regexp_full_match(p.SNP, 'rs[0-9]+') then p.SNP end as rs_id,
    coalesce(v.tissue, tissue_plain(p.tissue)) as tissue,
    p.tissue as tissue_name,
    'causal' as label_name,
    case p.label when 1 then 'causal' when 0 then 'not_causal' end as label_text,
    p.label::DOUBLE as label_value,
    p.label,
    p.SNP as snp,
    p.distance_to_nearest_TSS as distance_to_nearest_tss,
    coalesce(p.split, case when p.contig in ('chr9', 'chr10') then 'test' else 'train' end) as split,
    p.extra,
    case
        when p.CHROM is null then 'CHROM is missing'
        when p.contig is null then 'CHROM: contig ''' || p.CHROM || ''' is not in ' || p.assembly
        when p.POS > p.length then 'POS: ' || p.POS || ' is beyond the end of ' || p.contig || ' (' || p.length || ' bp)'
        when not regexp_full_match(upper(p.ALT), '[ACGTN]+') then 'ALT: ''' || p.ALT || ''' is not a sequence of A, C, G, T or N'
        when not regexp_full_match(upper(p.REF), '[ACGTN]+') then 'REF: ''' || p.REF || ''' is not a sequence of A, C, G, T or N'
        when p.label not in (0, 1) then 'label: ' || p.label || ' is neither 0 nor 1'
        when p.tissue is null then 'tissue is missing'
    end as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue)
