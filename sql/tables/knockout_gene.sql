-- One row is one gene of a knockout matrix: a row of a gene × model matrix, or a column of a model × gene matrix.
create table knockout_gene (
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- the provider's version
    gene_symbol      VARCHAR NOT NULL,  -- gene symbol as the matrix has it
    gene_id          VARCHAR,           -- Ensembl gene id without its version, where the matrix gives one
    entrez_id        BIGINT,            -- NCBI gene id, where the matrix gives one
    upstream_gene_id VARCHAR,           -- the provider's own id (SIDG…)
    n_screens        BIGINT NOT NULL,   -- screens with a score for this gene; 0 where every cell is empty
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT,            -- its line where rows are genes; null where columns are: then it stands in the header
    source_column    BIGINT,            -- its column, 1-based, where columns are genes
);
