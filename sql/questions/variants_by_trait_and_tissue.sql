-- How many variants are there by trait and tissue?
-- One row is a trait and a tissue, with the variants that ClinVar or the GWAS Catalog names the trait for and that are the significant lead
-- eQTL of a gene in the tissue. ClinVar's meet them by allele, the catalogue's, which has no alleles, by rs number and place.
-- $trait = '%diabetes%': a pattern of the trait's canonical name or of its source's spelling; '%' for all traits
-- $tissue = 'Pancreas': a pattern of a canonical tissue; '%' for all tissues
with named as (
    select
        r.source,
        coalesce(a.trait, t.trait) as trait,
        a.trait_id,
        r.variant_id_on,
        r.rs_id,
        r.chrom_on,
        r.pos_on
    from variant_record_on('GRCh38') as r
    join record_trait as t on t.record_id = r.record_id and t.source = r.source
    left join trait_alias as a
        on a.source = t.source and a.alias = t.trait and a.trait_id is not distinct from coalesce(trait_curie(t.trait_id), a.trait_id)
    where r.source in ('clinvar', 'gwas_catalog')
        and r.lift_status in ('native', 'mapped')
        and t.trait not in ('not provided', 'not specified')
        and (t.trait ilike $trait or a.trait ilike $trait)
),
leads as (
    select variant_id, rs_id, chrom, pos, gene_id, tissue, neg_log10_p
    from gtex_eqtl
    where label_text = 'significant' and tissue like $tissue
),
met as (
    select n.source, n.trait, n.trait_id, l.* from named as n join leads as l on l.variant_id = n.variant_id_on
    union all
    select n.source, n.trait, n.trait_id, l.*
    from named as n
    join leads as l on l.rs_id = n.rs_id and l.chrom = n.chrom_on and l.pos = n.pos_on
    where n.variant_id_on is null
)
select
    trait,
    trait_id,
    tissue,
    count(distinct variant_id)::BIGINT as n_variants,
    count(distinct gene_id)::BIGINT as n_genes,
    list(distinct source order by source) as sources,
    max(neg_log10_p) as best_neg_log10_p,      -- of the eQTLs
    list(distinct variant_id order by variant_id) as variant_ids
from met
group by all
order by n_variants desc, trait, trait_id, tissue;
