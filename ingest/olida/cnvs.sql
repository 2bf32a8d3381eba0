-- One row of CNV → a row of olida_cnv on each assembly with a position, or one on GRCh38 where there is none. A position may be a range:
-- its first number counts. Input: typed (upstream's columns with their types).
with per_assembly as (
    select
        t.*,
        unnest([
            {'sub_row': 0, 'assembly': 'GRCh37', 'said': t."Genomic Position Hg19"}, {'sub_row': 1, 'assembly': 'GRCh38', 'said': t."Genomic Position Hg38"}
        ]) as place
    from typed as t
),
placed as (
    select
        b.*, b.place.assembly as on_assembly, c.chrom as contig, c.length,
        try_cast(regexp_extract(b.place.said, '^\s*([0-9]+)', 1) as BIGINT) as site
    from per_assembly as b
    left join contig_alias as c on c.assembly = b.place.assembly and c.alias = b.Chromosome
    where b.place.said is not null or (b.place.sub_row = 1 and b."Genomic Position Hg19" is null)
)
select
    source_line,
    place.sub_row as sub_row,
    on_assembly as assembly,
    contig as chrom,
    site as pos,
    Gene as gene_symbol,
    'variant_effect' as label_name,
    coalesce("Variant Effect", 'copy number variant') as label_text,
    "Entry Id" as entry_id,
    "Cdna Change" as cdna,
    "Protein Change" as protein,
    place.said as position_text,
    extra,
    case
        when Gene is null then 'Gene is missing'
        when Chromosome is not null and contig is null then 'Chromosome: contig ''' || Chromosome || ''' is not in ' || on_assembly
        when site > length then 'position ' || site || ' is beyond the end of ' || contig || ' (' || length || ' bp)'
    end as reject_reason
from placed
