-- One row is one gene that a DepMap release infers to be essential in nearly all models.
-- unique: gene_symbol, entrez_id
create table common_essential_gene (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- the DepMap release, e.g. 24Q2
    gene_symbol      VARCHAR NOT NULL,  -- gene symbol
    entrez_id        BIGINT NOT NULL,   -- NCBI gene id
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
