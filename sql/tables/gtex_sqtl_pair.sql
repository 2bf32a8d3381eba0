-- One row is one significant pair of a variant and an intron in one tissue of GTEx v8 (a row of an sqtl_signifpairs file).
-- unites: variant_record
create table gtex_sqtl_pair (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- gtex_v8_sqtl
    source_version   VARCHAR NOT NULL,  -- v8
    variant_id       VARCHAR,           -- key of variant (GTEx's own spelling: gtex_variant_id)
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig of the variant, from gtex_variant_id
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the first REF base, from gtex_variant_id
    ref              VARCHAR NOT NULL,  -- reference allele, from gtex_variant_id
    alt              VARCHAR NOT NULL,  -- alternative allele, from gtex_variant_id
    gene_id          VARCHAR NOT NULL,  -- Ensembl gene id without its version, from phenotype_id
    gene_version     BIGINT,            -- the version that it carries there after the dot
    tissue           VARCHAR NOT NULL,  -- canonical tissue
    tissue_name      VARCHAR NOT NULL,  -- the tissue as the file's name spells it (Whole_Blood)
    label_name       VARCHAR NOT NULL,  -- pval_nominal
    label_text       VARCHAR,           -- significant where pval_nominal < pval_nominal_threshold: GTEx lists no other pairs
    label_value      DOUBLE,            -- pval_nominal
    effect           DOUBLE,            -- slope
    effect_allele    VARCHAR,           -- ALT: GTEx's slopes count it
    effect_unit      VARCHAR,           -- unit of slope
    neg_log10_p      DOUBLE,            -- minus log10 of pval_nominal; null where it underflowed to 0
    phenotype_id     VARCHAR NOT NULL,  -- upstream's id of the intron: chrom:start:end:cluster:gene
    intron_chrom     VARCHAR NOT NULL,  -- canonical contig of the intron, from phenotype_id
    intron_start     BIGINT NOT NULL,   -- 1-based last base of the exon before the intron, as phenotype_id has it (LeafCutter's way)
    intron_end       BIGINT NOT NULL check (intron_end > intron_start),  -- 1-based first base of the exon behind the intron, as phenotype_id has it
    cluster_id       VARCHAR NOT NULL,  -- LeafCutter's cluster of introns that share a splice site, from phenotype_id (clu_40978)
    gtex_variant_id  VARCHAR NOT NULL,  -- upstream's variant_id: chrom_pos_ref_alt_b38
    tss_distance     BIGINT,            -- variant minus gene's TSS in bp, negative upstream of it by strand, as GTEx signs it
    ma_samples       BIGINT,            -- samples with the minor allele
    ma_count         BIGINT,            -- count of the minor allele
    maf              DOUBLE check (maf between 0 and 1),  -- minor allele frequency
    pval_nominal     DOUBLE check (pval_nominal between 0 and 1),  -- nominal p-value of the pair
    slope            DOUBLE,            -- effect of ALT on the normalised share of the intron in its cluster
    slope_se         DOUBLE,            -- its standard error
    pval_nominal_threshold DOUBLE,      -- the nominal significance threshold that the gene's introns share
    min_pval_nominal DOUBLE,            -- the smallest nominal p-value of the intron, or of its gene: GTEx's files do not say which
    pval_beta        DOUBLE,            -- beta-approximated permutation p-value of the gene
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
