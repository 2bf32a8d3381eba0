-- One row is one association of the GWAS Catalog: a SNP, or several as a haplotype or an interaction, with a trait in a study.
-- The catalogue gives no REF, so that ref, alt and variant_id are null; the task gvrep_gwas takes alleles from the store's other tables.
-- unites: variant_record
create table gwas_association (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before; the same in every version
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- gwas_catalog
    source_version   VARCHAR NOT NULL,  -- date in the file's name, YYYY-MM-DD
    variant_id       VARCHAR,           -- always null: the catalogue has no REF
    assembly         VARCHAR NOT NULL,  -- what the file's name says (hg19, GRCh38); GRCh38 for the provider's own current names
    kind             VARCHAR check (kind in ('single', 'haplotype', 'interaction')),  -- one SNP; several, or the word haplotype; several joined by x; null where none is named
    n_snps           BIGINT NOT NULL,   -- SNPs named; each is a row of gwas_snp
    chrom            VARCHAR,           -- canonical contig of a single SNP (upstream: CHR_ID); null for the other kinds
    pos              BIGINT check (pos >= 1),  -- 1-based position of a single SNP (upstream: CHR_POS); null for the other kinds
    ref              VARCHAR,           -- always null: the catalogue has no REF
    alt              VARCHAR,           -- always null: the risk allele may be REF, ALT, or on the other strand
    rs_id            VARCHAR,           -- dbSNP id of a single SNP (upstream: SNPS)
    gene_id          VARCHAR,           -- Ensembl gene id where SNP_GENE_IDS is one
    gene_symbol      VARCHAR,           -- MAPPED_GENE where it is one symbol
    trait            VARCHAR,           -- the disease or trait as the catalogue words it (upstream: DISEASE/TRAIT); its terms are in record_trait
    label_name       VARCHAR NOT NULL,  -- p_value
    label_value      DOUBLE,            -- as p_value
    p_value          DOUBLE check (p_value between 0 and 1),  -- upstream: P-VALUE; 0 where it is smaller than a DOUBLE can be; null for NS and Pending
    p_value_as_written VARCHAR,         -- P-VALUE as the file writes it
    neg_log10_p      DOUBLE check (neg_log10_p >= 0),  -- PVALUE_MLOG where it is a number, else from the digits of P-VALUE; does not underflow
    pvalue_mlog      DOUBLE,            -- PVALUE_MLOG; null where it is empty or Infinity
    p_value_text     VARCHAR,           -- P-VALUE (TEXT): sub-phenotype or model
    risk_allele      VARCHAR check (regexp_full_match(risk_allele, '[ACGTN]+')),  -- allele of STRONGEST SNP-RISK ALLELE; null for ?, for words, and for several SNPs
    risk_allele_frequency DOUBLE check (risk_allele_frequency between 0 and 1),  -- the number that RISK ALLELE FREQUENCY begins with; null for NR, ranges, and numbers above 1
    risk_allele_frequency_text VARCHAR, -- RISK ALLELE FREQUENCY as the file writes it
    effect           DOUBLE,            -- odds ratio, or the beta with the sign that the CI text tells; null where the kind is unknown
    effect_kind      VARCHAR NOT NULL check (effect_kind in ('odds_ratio', 'beta', 'unknown')),  -- odds_ratio: a positive number and no words beside the interval; beta: words with a direction
    effect_unit      VARCHAR,           -- odds ratio, or the unit that the CI text names
    effect_direction VARCHAR check (effect_direction in ('increase', 'decrease')),  -- what the risk allele does, from the CI text
    effect_allele    VARCHAR,           -- risk_allele
    or_or_beta       DOUBLE,            -- OR or BETA as upstream has it, which is unsigned nearly always
    ci_low           DOUBLE,            -- lower end of the 95 % interval of or_or_beta, as the text has it
    ci_high          DOUBLE,            -- upper end of that interval
    ci_text          VARCHAR,           -- 95% CI (TEXT)
    date_added_to_catalog VARCHAR,      -- YYYY-MM-DD
    pubmedid         BIGINT,            -- PubMed id of the study
    first_author     VARCHAR,           -- first author
    date             VARCHAR,           -- date of publication, YYYY-MM-DD
    journal          VARCHAR,           -- journal
    link             VARCHAR,           -- address of the publication
    study            VARCHAR,           -- title of the publication
    initial_sample_size VARCHAR,        -- in words (until 2016: INITIAL SAMPLE DESCRIPTION)
    replication_sample_size VARCHAR,    -- in words (until 2016: REPLICATION SAMPLE DESCRIPTION)
    region           VARCHAR,           -- cytogenetic band
    chr_id           VARCHAR,           -- CHR_ID as the file writes it
    chr_pos          VARCHAR,           -- CHR_POS as the file writes it
    reported_genes   VARCHAR,           -- REPORTED GENE(S)
    mapped_gene      VARCHAR,           -- MAPPED_GENE: a symbol, several, or two around an intergenic SNP
    upstream_gene_id VARCHAR,           -- Entrez id in older files, Ensembl id in newer
    downstream_gene_id VARCHAR,         -- likewise
    snp_gene_ids     VARCHAR,           -- likewise, of the genes that hold the SNP
    upstream_gene_distance DOUBLE,      -- as upstream has it: bp; kb in NHGRI's files
    downstream_gene_distance DOUBLE,    -- as upstream has it: bp; kb in NHGRI's files
    strongest_snp_risk_allele VARCHAR,  -- STRONGEST SNP-RISK ALLELE
    snps             VARCHAR,           -- SNPS
    merged           BIGINT,            -- 1 where the rs number was merged into another
    snp_id_current   VARCHAR,           -- rs number after merging
    context          VARCHAR,           -- functional class of the SNP
    intergenic       BIGINT,            -- 1 where the SNP is between genes
    platform         VARCHAR,           -- PLATFORM [SNPS PASSING QC]
    cnv              VARCHAR,           -- Y where the study is of copy number
    mapped_trait     VARCHAR,           -- names of ontology terms, joined by commas
    mapped_trait_uri VARCHAR,           -- their addresses, joined by commas
    study_accession  VARCHAR,           -- GCST number
    genotyping_technology VARCHAR,      -- in words
    extra            VARCHAR,           -- JSON: columns that the file has beyond the known ones
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
