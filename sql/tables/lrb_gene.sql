-- One row is a gene of the bulk RNA expression task (a row of LRB's gene_coordinates.csv, which is ExPecto's gene table).
-- unites: gene
-- unique: gene_id
create table lrb_gene (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    assembly        VARCHAR NOT NULL,  -- GRCh37
    annotation      VARCHAR NOT NULL,  -- ExPecto
    gene_id         VARCHAR NOT NULL,  -- Ensembl gene id (upstream: id)
    symbol          VARCHAR,           -- gene symbol
    gene_type       VARCHAR,           -- biotype (upstream: type), where the file has it
    chrom           VARCHAR NOT NULL,  -- canonical contig
    strand          VARCHAR NOT NULL check (strand in ('+', '-')),  -- strand of the gene
    tss_pos         BIGINT NOT NULL check (tss_pos >= 1),  -- 1-based TSS (upstream: TSS)
    cage_tss_pos    BIGINT NOT NULL check (cage_tss_pos >= 1),  -- 1-based CAGE representative TSS: where windows are centred
    split           VARCHAR NOT NULL check (split in ('train', 'validation', 'test')),  -- as upstream gives it; by chromosome where the file has no such column
    label_row       BIGINT NOT NULL,   -- row of lrb_expression that holds the gene's expression vector
    extra           VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
