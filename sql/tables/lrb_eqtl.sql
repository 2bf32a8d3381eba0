-- One row is a variant in a tissue, labelled as causal or not for gene expression (a row of LRB's All_Tissues.csv).
-- unites: variant_record
create table lrb_eqtl (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- lrb
    source_version   VARCHAR NOT NULL,  -- 1 for the folder variant_effect_gene_expression, 2 for variant_effect_causal_eqtl
    variant_id       VARCHAR,           -- key of variant; null where the file has no REF
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position (upstream: POS)
    ref              VARCHAR,           -- reference allele; the published loader never reads it
    alt              VARCHAR NOT NULL check (regexp_full_match(alt, '[ACGTN]+')),  -- alternative allele
    rs_id            VARCHAR,           -- dbSNP id where the file's SNP column gives one
    tissue           VARCHAR NOT NULL,  -- canonical tissue
    tissue_name      VARCHAR NOT NULL,  -- the tissue as upstream spells it
    label_name       VARCHAR NOT NULL,  -- causal
    label_text       VARCHAR NOT NULL,  -- causal or not_causal
    label_value      DOUBLE NOT NULL,   -- 1 or 0, as label
    label            BIGINT NOT NULL check (label in (0, 1)),  -- 1 where the fine-mapping calls the variant causal (PIP > 0.9), 0 where not (PIP < 0.01)
    snp              VARCHAR,           -- upstream's SNP column, where the file has one
    distance_to_nearest_tss BIGINT,     -- distance to the nearest TSS in bp, as upstream gives it
    split            VARCHAR NOT NULL check (split in ('train', 'validation', 'test')),  -- as upstream gives it; by chromosome where the file has no such column
    extra            VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
