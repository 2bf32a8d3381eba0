-- One row of gene_coordinates.csv → one row of lrb_gene. Input: typed (upstream's columns with their types), file (one row of constants),
-- no_values (lines whose expression values cannot be read, and why).
select
    p.source_line, p.assembly, 'ExPecto' as annotation, split_part(p.id, '.', 1) as gene_id, p.symbol, p.type as gene_type,
    p.contig as chrom,
    p.strand, p.TSS as tss_pos, p.CAGE_representative_TSS as cage_tss_pos,
    coalesce(p.split, case when p.contig = 'chr8' then 'test' else 'train' end) as split, null::BIGINT as label_row, p.extra,
    coalesce(
        n.reason,
        case
            when p.chrom is null then 'chrom is missing'
            when p.contig is null then 'chrom: contig ''' || p.chrom || ''' is not in ' || p.assembly
            when p.TSS > p.length then 'TSS: ' || p.TSS || ' is beyond the end of ' || p.contig || ' (' || p.length || ' bp)'
            when p.CAGE_representative_TSS > p.length
                then 'CAGE_representative_TSS: ' || p.CAGE_representative_TSS || ' is beyond the end of ' || p.contig || ' (' || p.length || ' bp)'
        end
    ) as reject_reason
from (
    select t.*, c.chrom as contig, c.length, f.assembly
    from typed as t cross join file as f left join contig_alias as c on c.assembly = f.assembly and c.alias = t.chrom
) as p
left join no_values as n using (source_line)
