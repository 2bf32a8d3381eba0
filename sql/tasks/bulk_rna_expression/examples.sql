-- One row per gene. Nothing is left out: a gene whose window leaves its contig is dropped later, by length, and named in the ledger.
select
    g.gene_id as example_id,
    g.assembly,
    g.chrom,
    g.cage_tss_pos as pos,           -- 1-based: the window's anchor
    g.strand,
    replace(g.chrom, 'chr', '') as chromosome,
    g.label_row,
    g.gene_id,
    g.symbol as gene_symbol,
    g.gene_type,
    g.tss_pos,
    g.split,
    g.record_id,
    g.source_file,
    g.source_line
from lrb_gene as g
