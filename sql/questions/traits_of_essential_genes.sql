-- Which traits have GWAS hits in a gene that a cell line cannot do without?
-- One row is a trait, with its associations in such genes. Essential is what each score's own scale calls so: a scaled Bayes factor above
-- 0, a Chronos effect or a MAGeCK beta below -0.5. A line that was screened several times counts a gene that any screen finds essential.
-- $cell_line = 'HT-29': a name or an id of the cell line, as any source spells it
-- $max_p = 5e-8: the largest p-value of an association
with asked as (
    select distinct cell_model_id from cell_model_alias where lower(alias) = lower($cell_line)
),
essential as (
    select gene_symbol, max(essentiality) as essentiality
    from gene_knockout
    where cell_model_id in (from asked)
        and case when score_unit ilike '%bayes%' then essentiality > 0 else essentiality > 0.5 end
    group by gene_symbol
)
select
    g.trait,
    count(*)::BIGINT as n_associations,
    count(distinct coalesce(g.rs_id, g.snps))::BIGINT as n_snps,
    list(distinct g.gene_symbol order by g.gene_symbol) as genes,
    max(g.neg_log10_p) as best_neg_log10_p
from gwas_association as g
join essential as e using (gene_symbol)               -- the gene that holds the SNP, where MAPPED_GENE is one
where g.neg_log10_p >= -log10($max_p::DOUBLE)
group by g.trait
order by n_associations desc, g.trait;
