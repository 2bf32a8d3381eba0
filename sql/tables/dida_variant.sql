-- One row is one variant of DIDA.
-- unites: variant_record
-- unique: entry_id
create table dida_variant (
    record_id       BIGINT NOT NULL,          -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,         -- name of the source
    source_version  VARCHAR NOT NULL,         -- the provider's version
    variant_id      VARCHAR,                  -- key of variant; null without alleles
    assembly        VARCHAR NOT NULL,         -- GRCh37
    chrom           VARCHAR,                  -- canonical contig
    pos             BIGINT check (pos >= 1),  -- 1-based position of the first REF base
    ref             VARCHAR,                  -- reference allele, upper case
    alt             VARCHAR,                  -- alternative allele, upper case
    gene_symbol     VARCHAR,                  -- gene as the source names it
    label_name      VARCHAR NOT NULL,         -- variant_effect: the list itself judges no variant
    label_text      VARCHAR,                  -- effect on the gene product: missense, frameshift …
    entry_id        VARCHAR NOT NULL,         -- id in the source's list; members of combinations name it
    cdna            VARCHAR,                  -- change in the transcript
    protein         VARCHAR,                  -- change in the protein
    extra           VARCHAR,                  -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,         -- upstream file
    source_line     BIGINT NOT NULL,          -- line in that file, 1-based, header included
);
