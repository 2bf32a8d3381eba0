-- One row of SMALLVARIANT → a row of olida_variant on each assembly with a position, or one on GRCh38 where there is none.
-- Input: typed (upstream's columns with their types).
with per_assembly as (
    select
        t.*,
        unnest([
            {'sub_row': 0, 'assembly': 'GRCh37', 'site': t."Genomic Position Hg19"}, {'sub_row': 1, 'assembly': 'GRCh38', 'site': t."Genomic Position Hg38"}
        ]) as place
    from typed as t
),
placed as (
    select b.*, b.place.assembly as on_assembly, b.place.site as site, c.chrom as contig, c.length
    from per_assembly as b
    left join contig_alias as c on c.assembly = b.place.assembly and c.alias = b.Chromosome
    where b.place.site is not null or (b.place.sub_row = 1 and b."Genomic Position Hg19" is null)
)
select
    source_line,
    place.sub_row as sub_row,
    variant_id(on_assembly, contig, site, "Ref Allele", "Alt Allele") as variant_id,
    on_assembly as assembly,
    contig as chrom,
    site as pos,
    upper("Ref Allele") as ref,
    upper("Alt Allele") as alt,
    case when regexp_full_match("Dbsnp Id", '[0-9]+') then 'rs' || "Dbsnp Id" else "Dbsnp Id" end as rs_id,
    Gene as gene_symbol,
    'variant_effect' as label_name,
    "Variant Effect" as label_text,
    "Entry Id" as entry_id,
    "Cdna Change" as cdna,
    "Protein Change" as protein,
    "Transcript Id" as transcript_id,
    "Genomic Position Hg19" as pos_hg19,
    "Genomic Position Hg38" as pos_hg38,
    "Gnomad Maf" as gnomad_maf,
    CADD as cadd,
    SIFT as sift,
    "PP2 HVAR" as pp2_hvar,
    extra,
    case
        when Chromosome is not null and contig is null then 'Chromosome: contig ''' || Chromosome || ''' is not in ' || on_assembly
        when site > length
            then 'Genomic Position Hg' || case on_assembly when 'GRCh37' then '19' else '38' end || ': ' || site || ' is beyond the end of '
                || contig || ' (' || length || ' bp)'
    end as reject_reason
from placed
