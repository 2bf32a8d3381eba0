-- A row "transcript", and the blocks that were folded into it (folded, by source_line) → gencode_transcript.
with cut as (
    select
        t.*, f.assembly, f.annotation, c.chrom, c.length, b.* exclude (source_line),
        gtf_is_well_formed(t.attribute) as is_well_formed,
        gtf_keys(t.attribute) as keys,
        gtf_values(t.attribute) as vals
    from typed as t
    cross join file as f
    left join contig_alias as c
        on c.assembly = f.assembly
        -- GENCODE's chrM is Ensembl's MT, the revised Cambridge sequence, on GRCh37 too, where chrM else means UCSC's.
        and c.alias = case when f.assembly = 'GRCh37' and t.seqname = 'chrM' then 'chrMT' else t.seqname end
    left join folded as b on b.source_line = t.source_line
),
named as (
    select
        *,
        gtf_first(keys, vals, 'transcript_id') as id,
        gtf_first(keys, vals, 'gene_id') as gene,
        gtf_all(keys, vals, 'tag') as tags,
        list_min(cds_starts) as cds_start,
        list_max(cds_ends) as cds_end,
        list_zip(exon_starts, exon_ends) as exons
    from cut
),
parted as (  -- what is exon before the CDS on the genome, and what is exon behind it; the stop codon belongs to neither
    select
        *,
        list_filter(
            list_transform(
                exons,
                lambda x: [x[1], least(x[2], case when strand = '-' then least(cds_start, coalesce(list_min(stop_codon_starts), cds_start))
                else cds_start end)]
            ),
            lambda x: x[1] < x[2]
        ) as left_blocks,
        list_filter(
            list_transform(
                exons,
                lambda x: [greatest(x[1], case when strand = '+' then greatest(cds_end, coalesce(list_max(stop_codon_ends), cds_end))
                else cds_end end), x[2]]
            ),
            lambda x: x[1] < x[2]
        ) as right_blocks
    from named
),
sided as (
    select
        *,
        case when cds_start is not null then case when strand = '-' then right_blocks else left_blocks end end as utr5,
        case when cds_start is not null then case when strand = '-' then left_blocks else right_blocks end end as utr3
    from parted
)
select
    source_line,
    assembly,
    annotation,
    ensembl_stem(id) as transcript_id,
    ensembl_version(id) as transcript_version,
    ensembl_stem(gene) as gene_id,
    ensembl_version(gene) as gene_version,
    gtf_first(keys, vals, 'gene_name') as symbol,
    gtf_first(keys, vals, 'transcript_name') as transcript_name,
    gtf_first(keys, vals, 'transcript_type') as transcript_type,
    gtf_first(keys, vals, 'gene_type') as gene_type,
    chrom,
    start - 1 as start,
    "end",
    strand,
    case when strand = '-' then "end" else start end as tss_pos,
    exon_starts,
    exon_ends,
    exon_ids,
    cds_start,
    cds_end,
    cds_starts,
    cds_ends,
    cds_frames,
    utr_starts,
    utr_ends,
    case when len(utr5) > 0 then list_transform(utr5, lambda x: x[1]) end as utr5_starts,
    case when len(utr5) > 0 then list_transform(utr5, lambda x: x[2]) end as utr5_ends,
    case when len(utr3) > 0 then list_transform(utr3, lambda x: x[1]) end as utr3_starts,
    case when len(utr3) > 0 then list_transform(utr3, lambda x: x[2]) end as utr3_ends,
    start_codon_starts,
    start_codon_ends,
    stop_codon_starts,
    stop_codon_ends,
    selenocysteine_starts,
    selenocysteine_ends,
    folded_lines,
    try_cast(gtf_first(keys, vals, 'level') as BIGINT) as level,
    gtf_first(keys, vals, 'transcript_support_level') as transcript_support_level,
    tags,
    coalesce(list_contains(tags, 'Ensembl_canonical'), false) as is_canonical,
    coalesce(list_contains(tags, 'basic'), false) as is_basic,
    gtf_first(keys, vals, 'hgnc_id') as hgnc_id,
    gtf_first(keys, vals, 'havana_gene') as havana_gene,
    gtf_first(keys, vals, 'havana_transcript') as havana_transcript,
    gtf_first(keys, vals, 'protein_id') as protein_id,
    gtf_first(keys, vals, 'ccdsid') as ccds_id,
    gtf_all(keys, vals, 'ont') as ontology,
    annotated_by,
    coalesce(ensembl_is_par_y(id), false) or (chrom = 'chrY' and coalesce(list_contains(tags, 'PAR'), false)) as is_par_y,
    ensembl_mapping(id) as lift_version,
    id as upstream_transcript_id,
    gene as upstream_gene_id,
    gtf_others(
        keys, vals,
        [
            'gene_id', 'transcript_id', 'gene_name', 'gene_type', 'transcript_name', 'transcript_type', 'level', 'tag', 'hgnc_id',
            'transcript_support_level', 'havana_gene', 'havana_transcript', 'protein_id', 'ccdsid', 'ont'
        ]
    ) as extra,
    coalesce(
        gtf_row_reason(seqname, chrom, length, assembly, start, "end", strand, is_well_formed),
        case
            when id is null then 'attribute: transcript_id is missing'
            when gene is null then 'attribute: gene_id is missing'
        end
    ) as reject_reason
from sided
