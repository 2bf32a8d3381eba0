-- One row is a gene's value in a tissue, one for each track.
create view gene_expression as
select
    g.source,         -- name of the source
    g.assembly,       -- assembly of the gene's position
    g.gene_id,        -- Ensembl gene id without its version
    g.symbol,         -- gene symbol
    t.tissue,         -- canonical tissue
    t.track_name,     -- the track as upstream spells it
    t.track,          -- 0-based index into the expression vector
    e.expression[t.track + 1] as value,  -- expression
    'standardised log(1+x)' as unit,     -- unit of value
from lrb_gene as g
join lrb_expression as e on e.label_row = g.label_row
cross join expression_track as t;
