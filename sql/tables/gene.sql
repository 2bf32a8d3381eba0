-- One row is a gene in one annotation release: where several are ingested, a gene has several rows. gene_on('GRCh38') gives one for each.
-- united: from every table whose head says "unites: gene"
create table gene (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    assembly        VARCHAR NOT NULL,  -- assembly of the positions
    annotation      VARCHAR NOT NULL,  -- annotation release that the gene is taken from
    gene_id         VARCHAR NOT NULL,  -- Ensembl gene id without its version
    gene_version    BIGINT,            -- its version, where the source gives one
    symbol          VARCHAR,           -- gene symbol
    gene_type       VARCHAR,           -- biotype, e.g. protein_coding
    chrom           VARCHAR NOT NULL,  -- canonical contig
    start           BIGINT,            -- 0-based first base
    "end"           BIGINT,            -- 0-based end, exclusive
    strand          VARCHAR,           -- + or -
    tss_pos         BIGINT,            -- 1-based transcription start site
    cage_tss_pos    BIGINT,            -- 1-based representative start site by CAGE
    hgnc_id         VARCHAR,           -- HGNC's id, with HGNC:
    is_par_y        BOOLEAN,           -- whether it is the copy on chrY of a pseudoautosomal gene, so that gene_id may be chrX's too
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
