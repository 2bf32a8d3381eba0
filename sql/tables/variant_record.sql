-- One row is one upstream row that says something about a variant, from any source.
-- united: from every table whose head says "unites: variant_record"; a column that a source lacks is null
-- sorted_by: tissue
-- sorted_by: trait
-- all_sorted_by: chrom, pos
-- bloom: gene_symbol, gene_id, variant_id, rs_id
create table variant_record (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before; stable over rebuilds
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- the provider's version
    variant_id       VARCHAR,           -- key of variant: assembly:chrom:pos:ref:alt of the trimmed alleles; null without alleles
    assembly         VARCHAR,           -- assembly of chrom and pos; null where the record has no place on a genome (a variant of a construct)
    chrom            VARCHAR,           -- canonical contig name
    pos              BIGINT,            -- 1-based position of the first REF base, as in VCF
    ref              VARCHAR,           -- reference allele as the source gives it, upper case
    alt              VARCHAR,           -- alternative allele as the source gives it, upper case
    rs_id            VARCHAR,           -- dbSNP id, with rs
    gene_id          VARCHAR,           -- Ensembl gene id without its version
    gene_symbol      VARCHAR,           -- gene symbol as the source gives it
    tissue           VARCHAR,           -- canonical tissue, key of table tissue
    trait            VARCHAR,           -- main trait or disease; all of them in record_trait
    cell_model_id    VARCHAR,           -- cell model the record is about
    label_name       VARCHAR NOT NULL,  -- what the label is called upstream
    label_text       VARCHAR,           -- the main label as a word
    label_value      DOUBLE,            -- the main label as a number
    effect           DOUBLE,            -- size and direction of the effect
    effect_allele    VARCHAR,           -- the allele that the effect counts
    effect_unit      VARCHAR,           -- unit of the effect
    neg_log10_p      DOUBLE,            -- minus log10 of the p-value
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
