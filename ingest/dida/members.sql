-- The alleles of each combination → members. Input: typed, unit (assembly), listed (accepted rows of dida_variant).
-- A gene whose two alleles are the same has one homozygous member; wild type is no member.
with genes as (
    select
        source_line, 1 as gene_ordinal, "Gene A" as gene,
        "Allele 1 Gene A cDNA change" as cdna_1, "Allele 1 Gene A protein change" as protein_1,
        "Allele 2 Gene A cDNA change" as cdna_2, "Allele 2 Gene A protein change" as protein_2
    from typed
    union all
    select
        source_line, 2, "Gene B",
        "Allele 1 Gene B cDNA change", "Allele 1 Gene B protein change", "Allele 2 Gene B cDNA change", "Allele 2 Gene B protein change"
    from typed
),
alleles as (
    select
        source_line, gene_ordinal, 1 as allele, gene, cdna_1 as cdna, protein_1 as protein,
        case when cdna_1 = cdna_2 then 'Homozygous' else 'Heterozygous' end as zygosity
    from genes
    where cdna_1 is not null
    union all
    select source_line, gene_ordinal, 2, gene, cdna_2, protein_2, 'Heterozygous'
    from genes
    where cdna_2 is not null and cdna_2 is distinct from cdna_1
),
-- Should a gene and change stand in the list twice, its first line is meant.
places as (
    select upper(gene_symbol) as gene_key, cdna, min_by(struct_pack(variant_id, chrom, pos, ref, alt, entry_id), source_line) as v
    from listed
    group by all
)
select
    a.source_line,
    row_number() over (partition by a.source_line order by a.gene_ordinal, a.allele) as ordinal,
    a.gene_ordinal,
    case when p.v is not null then 'small_variant' end as member_type,
    p.v.variant_id as variant_id,
    u.assembly,
    p.v.chrom as chrom,
    p.v.pos as pos,
    case when p.v.variant_id is not null then p.v.ref end as ref,
    case when p.v.variant_id is not null then p.v.alt end as alt,
    a.gene as gene_symbol,
    a.zygosity,
    a.cdna,
    a.protein,
    p.v.entry_id as entry_id,
    concat_ws(' ', a.gene, a.cdna, a.protein) as member_text,
    case
        when p.v is null then coalesce(a.gene, 'no gene') || ' ' || a.cdna || ' is not among the rows loaded from DIDA_vars.csv'
        when p.v.pos is null then 'no position in DIDA_vars.csv'
        when p.v.variant_id is null then 'the alleles are not spelt out in bases'
    end as unresolved
from alleles as a
cross join unit as u
left join places as p on p.gene_key = upper(a.gene) and p.cdna = a.cdna
