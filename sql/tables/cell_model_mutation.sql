-- One row is one mutation of one cell model on one transcript (a row of the Cell Model Passports' mutations_all or mutations_summary).
-- unites: variant_record
create table cell_model_mutation (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- cell_model_passports
    source_version   VARCHAR NOT NULL,  -- date of the file, YYYY-MM-DD
    variant_id       VARCHAR,           -- key of variant; null without a place, and for insertions and deletions (upstream_ref or upstream_alt is -)
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR,           -- canonical contig; null in files before 2026, which give no place
    pos              BIGINT check (pos >= 1),  -- 1-based position as upstream gives it: for - alleles no base before them is counted in (upstream: position)
    ref              VARCHAR,           -- reference allele, upper case; null unless both alleles are spelt out in bases
    alt              VARCHAR,           -- alternative allele, upper case; null unless both alleles are spelt out in bases
    gene_id          VARCHAR,           -- Ensembl gene id without its version (upstream: ensembl_gene_id)
    gene_symbol      VARCHAR,           -- gene symbol
    cell_model_id    VARCHAR NOT NULL,  -- the model's id, SIDM and digits, as the file gives it (upstream: model_id)
    label_name       VARCHAR NOT NULL,  -- cancer_driver
    label_text       VARCHAR check (label_text in ('driver', 'passenger')),  -- driver where upstream calls the mutation one, else passenger; null where it says nothing
    label_value      DOUBLE,            -- 1 for driver, 0 for passenger
    model_name       VARCHAR,           -- name of the model
    mutation_set     VARCHAR NOT NULL check (mutation_set in ('all', 'summary')),  -- which of the two files: a mutation of the summary stands in all as well
    upstream_ref     VARCHAR,           -- reference allele as given; - for an insertion (upstream: reference)
    upstream_alt     VARCHAR,           -- alternative allele as given; - for a deletion (upstream: alternative)
    gene_version     BIGINT,            -- the version that ensembl_gene_id carries after the dot
    passport_gene_id VARCHAR,           -- the provider's own gene id, SIDG and digits (upstream: gene_id)
    transcript_id    VARCHAR,           -- transcript that the changes are told on (CCDS, ENST)
    protein_mutation VARCHAR,           -- change of the protein (p.); null for -
    rna_mutation     VARCHAR,           -- change of the RNA (r.); null for -
    cdna_mutation    VARCHAR,           -- change of the coding DNA (c.); null for -
    cancer_driver    BOOLEAN,           -- upstream calls the mutation a cancer driver
    cancer_predisposition_variant BOOLEAN,  -- upstream calls it a variant that predisposes to cancer
    consequence      VARCHAR,           -- effect on the gene product, upstream's word: missense, frameshift (upstream: effect)
    vaf              DOUBLE check (vaf between 0 and 1),  -- share of reads with the alternative allele
    coding           BOOLEAN,           -- whether it lies in coding sequence
    sequencing_source VARCHAR,          -- who sequenced the model: Sanger, Broad (upstream: source)
    extra            VARCHAR,           -- JSON: columns that the file has beyond the known ones
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
