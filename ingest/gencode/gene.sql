-- A row "gene" → gencode_gene.
with cut as (
    select
        t.*, f.assembly, f.annotation, c.chrom, c.length,
        gtf_is_well_formed(t.attribute) as is_well_formed,
        gtf_keys(t.attribute) as keys,
        gtf_values(t.attribute) as vals
    from typed as t
    cross join file as f
    left join contig_alias as c
        on c.assembly = f.assembly
        -- GENCODE's chrM is Ensembl's MT, the revised Cambridge sequence, on GRCh37 too, where chrM else means UCSC's.
        and c.alias = case when f.assembly = 'GRCh37' and t.seqname = 'chrM' then 'chrMT' else t.seqname end
),
named as (
    select *, gtf_first(keys, vals, 'gene_id') as id, gtf_all(keys, vals, 'tag') as tags from cut
)
select
    source_line,
    assembly,
    annotation,
    ensembl_stem(id) as gene_id,
    ensembl_version(id) as gene_version,
    gtf_first(keys, vals, 'gene_name') as symbol,
    gtf_first(keys, vals, 'gene_type') as gene_type,
    chrom,
    start - 1 as start,
    "end",
    strand,
    case when strand = '-' then "end" else start end as tss_pos,
    try_cast(gtf_first(keys, vals, 'level') as BIGINT) as level,
    tags,
    gtf_first(keys, vals, 'hgnc_id') as hgnc_id,
    gtf_first(keys, vals, 'havana_gene') as havana_gene,
    annotated_by,
    coalesce(ensembl_is_par_y(id), false) or (chrom = 'chrY' and coalesce(list_contains(tags, 'PAR'), false)) as is_par_y,
    ensembl_mapping(id) as lift_version,
    id as upstream_gene_id,
    gtf_others(
        keys, vals,
        -- Up to release 19 a gene's row repeats its own words under a transcript's keys.
        [
            'gene_id', 'gene_name', 'gene_type', 'level', 'tag', 'hgnc_id', 'havana_gene', 'transcript_id', 'transcript_type',
            'transcript_name'
        ]
    ) as extra,
    coalesce(
        gtf_row_reason(seqname, chrom, length, assembly, start, "end", strand, is_well_formed),
        case
            when id is null then 'attribute: gene_id is missing'
        end
    ) as reject_reason
from named
