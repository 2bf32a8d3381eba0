-- One row is one ALT allele that a catalogue of known variants lists (dbSNP, gnomAD, Ensembl, HapMap), or the listed place where no ALT is spelt out.
-- unites: variant_record
create table known_variant (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- dbsnp, gnomad, ensembl_variation or hapmap3
    source_version   VARCHAR NOT NULL,  -- the catalogue's version, as the file or its name says it
    variant_id       VARCHAR,           -- key of variant; null where the alleles are not spelt out: allele_note says why
    assembly         VARCHAR NOT NULL,  -- as the file or its name says
    chrom            VARCHAR NOT NULL,  -- canonical contig
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based, as in VCF; where an allele is - (Ensembl) the base before the change
    ref              VARCHAR check (regexp_full_match(ref, '[ACGTN]+')),  -- reference allele, upper case; null where the file does not spell it out
    alt              VARCHAR check (regexp_full_match(alt, '[ACGTN]+')),  -- alternative allele, upper case; null where the file does not spell it out
    rs_id            VARCHAR,           -- first dbSNP id of upstream_id, with rs
    gene_symbol      VARCHAR,           -- first symbol of GENEINFO
    label_name       VARCHAR NOT NULL,  -- allele_frequency
    label_value      DOUBLE,            -- as allele_frequency
    upstream_id      VARCHAR,           -- the file's name of the variant: ID of a VCF, variation_name, SNPID, rsid
    allele_ordinal   BIGINT check (allele_ordinal >= 1),  -- which alternative allele of the line this is, from 1; null where the line has none
    upstream_ref     VARCHAR,           -- reference allele as the file writes it (HapMap: its column REF, which holds ALT)
    upstream_alt     VARCHAR,           -- alternative allele as the file writes it: also <DEL>, *, breakends, -
    allele_note      VARCHAR,           -- why there is no variant_id, in words (symbolic ALT, the base before is not given …); null where there is one
    allele_string    VARCHAR,           -- all alleles of the line, where the file has them in one text (Ensembl: REF/ALT/ALT)
    upstream_start   BIGINT,            -- Ensembl's start, 1-based, inclusive
    upstream_end     BIGINT,            -- Ensembl's end, 1-based, inclusive; start - 1 for an insertion
    strand           VARCHAR check (strand in ('+', '-')),  -- strand of the alleles; null where the format has no other than +
    a1               VARCHAR,           -- HapMap list: first allele, in no order of REF and ALT
    a2               VARCHAR,           -- HapMap list: second allele
    qual             DOUBLE,            -- QUAL, Inf and NaN included
    filter           VARCHAR,           -- FILTER
    allele_frequency DOUBLE check (allele_frequency between 0 and 1),  -- frequency of ALT
    frequency_from   VARCHAR,           -- where allele_frequency was read: AF, CAF, FREQ:1000Genomes, minor_allele_freq
    allele_count     BIGINT check (allele_count >= 0),   -- AC: copies of ALT counted
    allele_number    BIGINT check (allele_number >= 0),  -- AN: alleles counted
    homozygotes      BIGINT check (homozygotes >= 0),    -- nhomalt: people with two copies of ALT
    minor_allele     VARCHAR,           -- the rarer allele, where the file names it
    minor_allele_frequency DOUBLE check (minor_allele_frequency between 0 and 1),  -- its frequency: GMAF of dbSNP, minor_allele_freq of Ensembl
    populations      VARCHAR[],         -- populations and studies that have a frequency of ALT, as the file names them (gnomAD's AF_afr is afr)
    population_frequencies DOUBLE[],    -- the frequencies, by the same places
    variant_class    VARCHAR,           -- VC of dbSNP, variant_type of gnomAD
    dbsnp_build      BIGINT,            -- dbSNPBuildID: the build in which the rs number first came
    geneinfo         VARCHAR,           -- GENEINFO: genes as symbol:id, joined by |
    clin_sig         VARCHAR,           -- ClinVar's words as the file has them, for the whole line
    failed           BOOLEAN,           -- Ensembl: failed its checks
    somatic          BOOLEAN,           -- Ensembl: somatic
    phenotype_or_disease BOOLEAN,       -- Ensembl: linked with a phenotype
    pubmed           VARCHAR,           -- Ensembl: PubMed ids, joined by commas
    var_synonyms     VARCHAR,           -- Ensembl: other names
    info             VARCHAR,           -- INFO, whole, percent escapes included
    format           VARCHAR,           -- FORMAT
    samples          VARCHAR,           -- the cells behind FORMAT as they stand
    extra            VARCHAR,           -- JSON of columns that no other column here keeps
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
