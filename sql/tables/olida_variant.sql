-- One row is one small variant of OLIDA on one assembly: a line with two positions gives two rows, one without any gives one on GRCh38.
-- unites: variant_record
-- unique: entry_id
create table olida_variant (
    record_id       BIGINT NOT NULL,          -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,         -- olida
    source_version  VARCHAR NOT NULL,         -- the provider's version
    variant_id      VARCHAR,                  -- key of variant; null without alleles
    assembly        VARCHAR NOT NULL,         -- assembly of chrom and pos
    chrom           VARCHAR,                  -- canonical contig
    pos             BIGINT check (pos >= 1),  -- 1-based position of the first REF base
    ref             VARCHAR,                  -- reference allele, upper case
    alt             VARCHAR,                  -- alternative allele, upper case
    rs_id           VARCHAR,                  -- dbSNP id, with rs
    gene_symbol     VARCHAR,                  -- gene as the source names it
    label_name      VARCHAR NOT NULL,         -- variant_effect: the list itself judges no variant
    label_text      VARCHAR,                  -- effect on the gene product: missense, frameshift …
    entry_id        VARCHAR NOT NULL,         -- id in the source's list; members of combinations name it
    cdna            VARCHAR,                  -- change in the transcript
    protein         VARCHAR,                  -- change in the protein
    transcript_id   VARCHAR,                  -- transcript of the cDNA change
    pos_hg19        BIGINT,                   -- upstream: Genomic Position Hg19, 1-based
    pos_hg38        BIGINT,                   -- upstream: Genomic Position Hg38, 1-based
    gnomad_maf      DOUBLE,                   -- upstream: Gnomad Maf
    cadd            DOUBLE,                   -- upstream: CADD
    sift            VARCHAR,                  -- upstream: SIFT
    pp2_hvar        VARCHAR,                  -- upstream: PP2 HVAR
    extra           VARCHAR,                  -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,         -- upstream file
    source_line     BIGINT NOT NULL,          -- line in that file, 1-based, header included
);
