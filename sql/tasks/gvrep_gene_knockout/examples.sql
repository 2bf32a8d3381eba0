-- One row per gene and screen: what a knockout of the gene did to the cells of one model, with the gene's place on GRCh38. A gene that no
-- annotation in the store has on GRCh38 is no example: audit knocked_out_genes_without_a_place. Rows have no order here: splits give one.
with place as (  -- one annotation's row a gene; its body and its TSS are known
    select gene_id, symbol, symbol_rank, gene_type, annotation, chrom, start, "end", strand, tss_pos
    from gene_on('GRCh38')
    where strand in ('+', '-') and start < tss_pos and tss_pos <= "end"
),
-- Tens of thousands of genes find their places once, before millions of scores ask for them: by id where the matrix gives one that the
-- annotation has, else by symbol.
placed as (
    select
        k.source, k.source_version, k.gene_symbol as said_symbol, k.gene_id as said_id, k.entrez_id,
        s.gene_id is not null as is_symbol_known,
        case when i.gene_id is not null then 'gene_id' else 'symbol' end as placed_by,
        case when i.gene_id is not null then i else s end as p
    from (select distinct source, source_version, gene_symbol, gene_id, entrez_id from knockout_gene) as k
    left join place as i on i.gene_id = k.gene_id
    left join place as s on s.symbol = k.gene_symbol and s.symbol_rank = 1
    where i.gene_id is not null or s.gene_id is not null
)
select
    k.record_id::VARCHAR as example_id,
    'GRCh38' as assembly,            -- of chrom and pos
    g.p.chrom as chrom,              -- contig of the gene
    g.p.tss_pos as pos,              -- 1-based TSS: the window's anchor
    g.p.strand as strand,            -- of the gene
    g.p.start as start,              -- 0-based first base of the gene's body
    g.p."end" as "end",              -- 0-based, exclusive
    replace(g.p.chrom, 'chr', '') as chromosome,
    k.score,                         -- GV-Rep's label: fitness effect as the provider gives it, in score_unit
    k.essentiality,                  -- the score turned so that higher is more essential, in score_unit
    k.score_unit,
    k.higher_means,
    k.gene_symbol,
    g.p.gene_id as gene_id,          -- the annotation's Ensembl id without its version
    g.p.gene_type as gene_type,      -- biotype, as the annotation has it
    g.p.annotation as annotation,    -- which annotation the place is from
    g.placed_by,                     -- gene_id or symbol: what the place was found by
    k.entrez_id,
    k.cell_model_id,
    k.model_id,
    k.screen_id,
    k.screen_number,
    k.centre,
    k.qc_pass,
    k.source = 'project_score' and k.screen_number = 0 and g.is_symbol_known as is_gvrep_example,  -- GV-Rep's loader takes one screen
    k.source,
    k.record_id,
    k.random_split_42,
    k.source_file,
    k.source_line,
    k.source_column
from gene_knockout as k
join placed as g
    on g.source = k.source
    and g.source_version = k.source_version
    and g.said_symbol = k.gene_symbol
    and g.said_id is not distinct from k.gene_id
    and g.entrez_id is not distinct from k.entrez_id
