-- One row of DIDA_vars → one row of dida_variant. Input: typed, file (one row of constants).
select
    t.source_line,
    variant_id(f.assembly, c.chrom, t."Genomic position", t."Ref allele", t."Alt allele") as variant_id,
    f.assembly,
    c.chrom,
    t."Genomic position" as pos,
    upper(t."Ref allele") as ref,
    upper(t."Alt allele") as alt,
    t."Gene name" as gene_symbol,
    'variant_effect' as label_name,
    t."Variant effect" as label_text,
    t.ID as entry_id,
    t."cDNA change" as cdna,
    t."Protein change" as protein,
    t.extra,
    case
        when c.chrom is null then 'Chromosome: contig ''' || coalesce(t.Chromosome, '') || ''' is not in ' || f.assembly
        when t."Genomic position" > c.length
            then 'Genomic position: ' || t."Genomic position" || ' is beyond the end of ' || c.chrom || ' (' || c.length || ' bp)'
    end as reject_reason
from typed as t
cross join file as f
left join contig_alias as c on c.assembly = f.assembly and c.alias = t.Chromosome
