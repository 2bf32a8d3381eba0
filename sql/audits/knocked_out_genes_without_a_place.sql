-- Genes of the knockout matrices that have no place on GRCh38 in any annotation of the store, and so are no examples of gvrep_gene_knockout.
-- severity: report
with place as (
    select gene_id, symbol from gene_on('GRCh38') where strand in ('+', '-') and start < tss_pos and tss_pos <= "end"
)
select k.source, k.source_version, count(*) as n_genes, min(k.gene_symbol) as for_example
from knockout_gene as k
anti join place as i on i.gene_id = k.gene_id
anti join place as s on s.symbol = k.gene_symbol
group by all
order by all
