-- One row of GeneCombination → one row of olida_gene_combination. Input: typed.
select
    source_line,
    list_transform(string_split(Genes, ';'), lambda gene: trim(gene)) as genes,
    list_transform(string_split("Oligogenic variant combinations", ';'), lambda id: trim(id)) as combination_ids,
    "Genes Relationship" as genes_relationship,
    "Protein Interactions" as protein_interactions,
    "Common Pathways" as common_pathways,
    GENEmeta as gene_meta,
    extra
from typed
