-- One row is a gene of one GENCODE release (a row "gene" of its GTF).
-- unites: gene
-- unique: upstream_gene_id
create table gencode_gene (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- gencode
    source_version   VARCHAR NOT NULL,  -- the release (45); before it, where the file is another set than the full one, which (basic.45)
    assembly         VARCHAR NOT NULL,  -- GRCh38; GRCh37 for releases up to 19 and for those mapped back (lift37)
    annotation       VARCHAR NOT NULL,  -- annotation release, e.g. GENCODE v45, GENCODE v45lift37
    gene_id          VARCHAR NOT NULL,  -- Ensembl gene id without version and PAR_Y
    gene_version     BIGINT,            -- its version
    symbol           VARCHAR,           -- gene symbol (upstream: gene_name); several genes may share one
    gene_type        VARCHAR,           -- biotype
    chrom            VARCHAR NOT NULL,  -- canonical contig
    start            BIGINT NOT NULL,   -- 0-based first base (upstream's start minus 1)
    "end"            BIGINT NOT NULL,   -- 0-based end, exclusive (upstream's end)
    strand           VARCHAR NOT NULL check (strand in ('+', '-')),  -- strand of the gene
    tss_pos          BIGINT NOT NULL,   -- 1-based first transcribed base: start on +, end on -
    level            BIGINT,            -- 1 verified, 2 manually annotated, 3 automatically annotated
    tags             VARCHAR[],         -- every tag, in the file's order
    hgnc_id          VARCHAR,           -- HGNC's id, with HGNC:
    havana_gene      VARCHAR,           -- id in the HAVANA annotation, with its version
    annotated_by     VARCHAR,           -- HAVANA or ENSEMBL (upstream's second column)
    is_par_y         BOOLEAN NOT NULL,  -- whether it is the copy on chrY of a pseudoautosomal gene: where true, gene_id may be chrX's too
    lift_version     BIGINT,            -- which mapping to GRCh37 (the number after _), for releases mapped back
    upstream_gene_id VARCHAR NOT NULL,  -- gene_id as upstream spells it
    extra            VARCHAR,           -- JSON: attributes that have no column, each with the list of its values
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
    check (start >= 0 and start < "end")
);
