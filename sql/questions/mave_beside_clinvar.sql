-- What did multiplexed assays measure of the variants that ClinVar classifies?
-- One row is a score of a score set beside ClinVar's class of the same allele. Scales and directions differ between score sets.
-- $gene = 'TP53': a symbol, as ClinVar's GENEINFO has it; '%' for all genes
select
    m.urn as score_set,
    m.accession,
    m.hgvs_nt,
    m.hgvs_pro,
    m.score,
    c.clnsig_class,                                   -- null for what is none of the four classes
    c.clinical_significance,
    c.review_stars,
    c.variation_id,
    c.gene_symbol,
    on_mave.variant_id_on as variant_id,
    on_mave.lift_status as mave_lift_status,          -- mapped: the score set's place is on GRCh37
    on_clinvar.lift_status as clinvar_lift_status,
    m.licence,
    m.record_id as mave_record_id,
    c.record_id as clinvar_record_id
from variant_record_on('GRCh38') as on_mave
join variant_record_on('GRCh38') as on_clinvar on on_clinvar.variant_id_on = on_mave.variant_id_on
join mave_score as m on m.record_id = on_mave.record_id
join clinvar_record as c on c.record_id = on_clinvar.record_id
where on_mave.source = 'mavedb'
    and on_clinvar.source = 'clinvar'
    and on_mave.lift_status in ('native', 'mapped')
    and on_clinvar.lift_status in ('native', 'mapped')
    and m.score is not null
    and c.clinical_significance is not null
    and ($gene = '%' or list_contains(c.gene_symbols, $gene))
-- ClinVar gives a variant in a file of either assembly: the one on GRCh38 goes first.
qualify row_number() over (
    partition by m.record_id, coalesce(c.variation_id, c.record_id)
    order by on_clinvar.lift_status = 'native' desc, c.record_id
) = 1
order by score_set, m.source_line, c.variation_id;
