-- One row of Gene → one row of olida_gene. Input: typed.
select source_line, "Gene Name" as gene_symbol, Variants as variants, extra from typed
