-- One row is one ALT allele of one line of a cell model's VCF (Cell Model Passports), or the line itself where it has no ALT.
-- unites: variant_record
create table cell_model_variant (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- cell_model_passports
    source_version   VARCHAR NOT NULL,  -- date of the set of VCFs (its folder's name), YYYY-MM-DD
    variant_id       VARCHAR,           -- key of variant; null where the line has no ALT, or one that is not spelt out in bases
    assembly         VARCHAR NOT NULL,  -- as the header names it, else GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the first REF base (upstream: POS)
    ref              VARCHAR NOT NULL,  -- reference allele, upper case
    alt              VARCHAR,           -- alternative allele, upper case; null for no ALT (.) and symbolic ones
    rs_id            VARCHAR,           -- upstream_id where that is a dbSNP id
    gene_symbol      VARCHAR,           -- gene that VD names
    cell_model_id    VARCHAR NOT NULL,  -- the model's id, SIDM and digits, from the file's name
    label_name       VARCHAR NOT NULL,  -- cmp_flag
    label_text       VARCHAR check (label_text in ('DRV', 'CPV', 'NPGL')),  -- the first of DRV, CPV, NPGL that INFO carries, in this order, as GV-Rep reads it; null where it carries none
    sequencing_source VARCHAR NOT NULL, -- who sequenced the model, from the file's name
    is_drv           BOOLEAN NOT NULL,  -- INFO carries DRV: a cancer driver
    is_cpv           BOOLEAN NOT NULL,  -- INFO carries CPV: a cancer predisposition variant
    is_npgl          BOOLEAN NOT NULL,  -- INFO carries NPGL, whose meaning the provider's documents at hand do not tell; GV-Rep's class against DRV
    allele_ordinal   BIGINT check (allele_ordinal >= 1),  -- which ALT of the line this is, from 1; null where the line has none
    upstream_alt     VARCHAR,           -- that ALT as the file writes it
    upstream_id      VARCHAR,           -- ID
    qual             DOUBLE,            -- QUAL
    filter           VARCHAR,           -- FILTER
    transcript_id    VARCHAR,           -- second field of VD
    rna_mutation     VARCHAR,           -- third field of VD (r.); null for -
    cdna_mutation    VARCHAR,           -- fourth field of VD (c.); null for -
    protein_mutation VARCHAR,           -- fifth field of VD (p.); null for -
    consequence      VARCHAR,           -- VC: effect on the gene product, upstream's word
    vd               VARCHAR,           -- VD as given: gene|transcript|r.|c.|p.|further terms
    info_other       VARCHAR,           -- INFO without VD, VC and the three flags
    extra            VARCHAR,           -- JSON: FORMAT and the samples' columns
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
