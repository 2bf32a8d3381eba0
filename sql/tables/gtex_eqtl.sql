-- One row is one gene tested in one tissue of GTEx v8, with its lead variant (a row of an egenes file).
-- unites: variant_record
create table gtex_eqtl (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- gtex_v8_eqtl
    source_version   VARCHAR NOT NULL,  -- v8
    variant_id       VARCHAR,           -- key of variant (GTEx's own spelling: gtex_variant_id)
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig of the lead variant
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the lead variant's first REF base (upstream: variant_pos)
    ref              VARCHAR NOT NULL,  -- reference allele
    alt              VARCHAR NOT NULL,  -- alternative allele
    rs_id            VARCHAR,           -- dbSNP 151 id; null where GTEx has "."
    gene_id          VARCHAR NOT NULL,  -- Ensembl gene id without its version
    gene_version     BIGINT,            -- the version that upstream's gene_id carries after the dot
    gene_symbol      VARCHAR,           -- gene name (upstream: gene_name)
    tissue           VARCHAR NOT NULL,  -- canonical tissue
    tissue_name      VARCHAR NOT NULL,  -- the tissue as the file's name spells it (Whole_Blood)
    label_name       VARCHAR NOT NULL,  -- pval_nominal
    label_text       VARCHAR,           -- significant where pval_nominal < pval_nominal_threshold, else not_significant
    label_value      DOUBLE,            -- pval_nominal
    effect           DOUBLE,            -- slope
    effect_allele    VARCHAR,           -- ALT: GTEx's slopes count it
    effect_unit      VARCHAR,           -- unit of slope
    neg_log10_p      DOUBLE,            -- minus log10 of pval_nominal; null where it underflowed to 0
    gene_chr         VARCHAR,           -- contig of the gene, as upstream spells it
    gene_start       BIGINT,            -- 1-based first base of the gene, as upstream has it
    gene_end         BIGINT,            -- 1-based last base of the gene, as upstream has it
    strand           VARCHAR check (strand in ('+', '-')),  -- strand of the gene
    num_var          BIGINT,            -- variants tested in the cis window
    beta_shape1      DOUBLE,            -- first shape of the fitted beta distribution
    beta_shape2      DOUBLE,            -- second shape of the fitted beta distribution
    true_df          DOUBLE,            -- effective degrees of freedom
    pval_true_df     DOUBLE,            -- p-value with those degrees of freedom
    gtex_variant_id  VARCHAR NOT NULL,  -- upstream's variant_id: chrom_pos_ref_alt_b38
    tss_distance     BIGINT,            -- variant minus gene's TSS in bp, negative upstream of it by strand, as GTEx signs it
    num_alt_per_site BIGINT,            -- alternative alleles at the site
    minor_allele_samples BIGINT,        -- samples with the minor allele
    minor_allele_count BIGINT,          -- count of the minor allele
    maf              DOUBLE check (maf between 0 and 1),  -- minor allele frequency
    ref_factor       BIGINT,            -- 1 where the minor allele is ALT, -1 where it is REF
    pval_nominal     DOUBLE check (pval_nominal between 0 and 1),  -- nominal p-value of the lead variant
    slope            DOUBLE,            -- effect of ALT on normalised expression
    slope_se         DOUBLE,            -- its standard error
    pval_perm        DOUBLE,            -- permutation p-value
    pval_beta        DOUBLE,            -- beta-approximated permutation p-value
    qval             DOUBLE,            -- Storey's q-value of pval_beta; GTEx calls a gene an eGene at 0.05 or less
    pval_nominal_threshold DOUBLE,      -- the gene's nominal significance threshold
    log2_aFC         DOUBLE,            -- log2 allelic fold change
    log2_aFC_lower   DOUBLE,            -- lower end of its 95 % interval
    log2_aFC_upper   DOUBLE,            -- upper end of its 95 % interval
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
