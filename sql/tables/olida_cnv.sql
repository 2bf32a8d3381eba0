-- One row is one copy number variant of OLIDA on one assembly; it has no alleles, and a position only where upstream gives one.
-- unites: variant_record
create table olida_cnv (
    record_id       BIGINT NOT NULL,          -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,         -- name of the source
    source_version  VARCHAR NOT NULL,         -- the provider's version
    variant_id      VARCHAR,                  -- null
    assembly        VARCHAR NOT NULL,         -- assembly of chrom and pos
    chrom           VARCHAR,                  -- canonical contig
    pos             BIGINT check (pos >= 1),  -- 1-based first base, where upstream gives one
    ref             VARCHAR,                  -- null
    alt             VARCHAR,                  -- null
    gene_symbol     VARCHAR,                  -- gene as the source names it
    label_name      VARCHAR NOT NULL,         -- variant_effect: the list itself judges no variant
    label_text      VARCHAR,                  -- effect on the gene product: missense, frameshift …
    entry_id        VARCHAR,                  -- id in the source's list; null where upstream has none
    cdna            VARCHAR,                  -- change in the transcript
    protein         VARCHAR,                  -- change in the protein
    position_text   VARCHAR,                  -- position as upstream spells it
    extra           VARCHAR,                  -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,         -- upstream file
    source_line     BIGINT NOT NULL,          -- line in that file, 1-based, header included
);
