-- One row is one set of genes of OLIDA, with the combinations of variants found in it.
create table olida_gene_combination (
    record_id             BIGINT NOT NULL,     -- hash of source, content and how often that content came before
    source                VARCHAR NOT NULL,    -- name of the source
    source_version        VARCHAR NOT NULL,    -- the provider's version
    genes                 VARCHAR[] NOT NULL,  -- gene symbols, in upstream's order
    combination_ids       VARCHAR[],           -- keys of olida_combination (upstream: Oligogenic variant combinations)
    genes_relationship    VARCHAR,             -- upstream: Genes Relationship
    protein_interactions  VARCHAR,             -- upstream: Protein Interactions
    common_pathways       VARCHAR,             -- upstream: Common Pathways
    gene_meta             BIGINT,              -- upstream: GENEmeta
    extra                 VARCHAR,             -- JSON: columns that this version of the file has beyond the known ones
    source_file           VARCHAR NOT NULL,    -- upstream file
    source_line           BIGINT NOT NULL,     -- line in that file, 1-based, header included
);
