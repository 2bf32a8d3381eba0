-- One row is one gene tested for splicing in one tissue of GTEx v8, with its lead variant and intron (a row of an sgenes file).
-- unites: variant_record
create table gtex_sqtl (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- gtex_v8_sqtl
    source_version   VARCHAR NOT NULL,  -- v8
    variant_id       VARCHAR,           -- key of variant (GTEx's own spelling: gtex_variant_id)
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig of the lead variant
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the lead variant's first REF base (upstream: variant_pos, or in variant_id)
    ref              VARCHAR NOT NULL,  -- reference allele
    alt              VARCHAR NOT NULL,  -- alternative allele
    rs_id            VARCHAR,           -- dbSNP 151 id; null where GTEx has "." or the file no such column
    gene_id          VARCHAR NOT NULL,  -- Ensembl gene id without its version (upstream: gene_id, or the end of phenotype_id)
    gene_version     BIGINT,            -- the version that it carries upstream after the dot
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
    phenotype_id     VARCHAR NOT NULL,  -- upstream's id of the intron: chrom:start:end:cluster:gene
    intron_chrom     VARCHAR NOT NULL,  -- canonical contig of the intron, from phenotype_id
    intron_start     BIGINT NOT NULL,   -- 1-based last base of the exon before the intron, as phenotype_id has it (LeafCutter's way)
    intron_end       BIGINT NOT NULL check (intron_end > intron_start),  -- 1-based first base of the exon behind the intron, as phenotype_id has it
    cluster_id       VARCHAR NOT NULL,  -- LeafCutter's cluster of introns that share a splice site, from phenotype_id (clu_40978)
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
    slope            DOUBLE,            -- effect of ALT on the normalised share of the intron in its cluster
    slope_se         DOUBLE,            -- its standard error
    pval_perm        DOUBLE,            -- permutation p-value
    pval_beta        DOUBLE,            -- beta-approximated permutation p-value
    group_id         VARCHAR,           -- what the introns were grouped by in the permutations: the gene
    group_size       BIGINT,            -- introns in that group
    qval             DOUBLE,            -- Storey's q-value of pval_beta; GTEx calls a gene an sGene at 0.05 or less
    pval_nominal_threshold DOUBLE,      -- the gene's nominal significance threshold
    extra            VARCHAR,           -- JSON of upstream columns that are not named here
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
