-- Which pathogenic or likely pathogenic variants of a gene are lead eQTLs in a tissue?
-- One row is a variant that ClinVar lists for the gene, with a gene whose expression it leads in the tissue: the same gene or another.
-- $gene = 'BRCA2': a symbol, as ClinVar's GENEINFO has it
-- $tissue = 'Whole Blood': a canonical tissue of table tissue
select
    e.variant_id,
    c.variation_id,
    c.label_text as clinical_significance,
    c.review_stars,
    c.trait,
    e.gene_symbol as eqtl_gene,
    e.tissue,
    e.label_text as eqtl,                             -- significant: below the gene's own threshold
    e.effect as slope,
    e.neg_log10_p,
    on_38.lift_status,                                -- native, or mapped: from ClinVar's file on GRCh37
    e.record_id as eqtl_record_id,
    c.record_id as clinvar_record_id
from variant_record_on('GRCh38') as on_38
join clinvar_record as c using (record_id)
join gtex_eqtl as e on e.variant_id = on_38.variant_id_on
where on_38.source = 'clinvar'
    and list_contains(c.gene_symbols, $gene)
    and c.clnsig_class in ('Pathogenic', 'Likely_pathogenic')
    and on_38.lift_status in ('native', 'mapped')
    and e.tissue = $tissue
-- ClinVar gives a variant in a file of either assembly: the one on GRCh38 goes first.
qualify row_number() over (
    partition by coalesce(c.variation_id, c.record_id), e.record_id
    order by on_38.lift_status = 'native' desc, c.record_id
) = 1
order by e.neg_log10_p desc nulls first, e.variant_id, eqtl_gene;
