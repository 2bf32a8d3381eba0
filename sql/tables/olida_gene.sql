-- One row is one gene of OLIDA.
create table olida_gene (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    gene_symbol     VARCHAR NOT NULL,  -- upstream: Gene Name
    variants        VARCHAR,           -- upstream's list of the gene's variants
    extra           VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
