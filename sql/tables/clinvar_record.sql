-- One row is one ALT allele of one line of a ClinVar VCF, or the line itself where it has no ALT.
-- unites: variant_record
create table clinvar_record (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- clinvar
    source_version   VARCHAR NOT NULL,  -- date of the file (##fileDate), YYYY-MM-DD
    variant_id       VARCHAR,           -- key of variant; null where the line has no ALT, or one that is not spelt out in bases
    assembly         VARCHAR NOT NULL,  -- GRCh37 or GRCh38, as the file says (##reference)
    chrom            VARCHAR NOT NULL,  -- canonical contig; MT is chrM on GRCh38, and on GRCh37 chrMT, which has the same sequence
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the first REF base (upstream: POS)
    ref              VARCHAR NOT NULL check (regexp_full_match(ref, '[ACGTN]+')),  -- reference allele, upper case
    alt              VARCHAR check (regexp_full_match(alt, '[ACGTN]+')),  -- alternative allele, upper case; null for no ALT (.) and symbolic ones
    rs_id            VARCHAR,           -- first dbSNP id of RS, with rs
    gene_symbol      VARCHAR,           -- first symbol of GENEINFO
    trait            VARCHAR,           -- first disease that is neither not provided nor not specified, else the first of these; see record_trait
    label_name       VARCHAR NOT NULL,  -- clinical_significance
    label_text       VARCHAR,           -- as clinical_significance
    variation_id     BIGINT,            -- ClinVar's Variation ID (upstream: ID)
    allele_ordinal   BIGINT check (allele_ordinal >= 1),  -- which ALT of the line this is, from 1; null where the line has none
    upstream_alt     VARCHAR,           -- that ALT as the file writes it, symbolic alleles, * and breakends included
    qual             DOUBLE,            -- QUAL; null for ., which ClinVar always writes
    filter           VARCHAR,           -- FILTER; null for ., which ClinVar always writes
    clinical_significance VARCHAR,      -- clnsig in today's spelling: conflicts by their new name, terms joined by |
    clnsig_class     VARCHAR check (clnsig_class in ('Pathogenic', 'Likely_pathogenic', 'Benign', 'Likely_benign')),  -- GV-Rep's four classes: exact values, each pair as its weaker half (Pathogenic/Likely_pathogenic is Likely_pathogenic); else null
    review_status    VARCHAR,           -- clnrevstat in today's spelling
    review_stars     BIGINT check (review_stars between 0 and 4),  -- ClinVar's stars for it
    is_included      BOOLEAN NOT NULL,  -- true where the variant was classified only as part of a haplotype or genotype (CLNSIGINCL without CLNSIG of its own)
    gene_symbols     VARCHAR[],         -- all symbols of GENEINFO, in its order
    ncbi_gene_ids    BIGINT[],          -- NCBI gene ids of GENEINFO, by the same places
    molecular_consequence VARCHAR,      -- first term of MC
    molecular_consequences VARCHAR[],   -- all terms of MC, in its order
    origins          VARCHAR[],         -- words for the bits of origin
    af_esp           DOUBLE check (af_esp between 0 and 1),   -- allele frequency in GO-ESP
    af_exac          DOUBLE check (af_exac between 0 and 1),  -- allele frequency in ExAC
    af_tgp           DOUBLE check (af_tgp between 0 and 1),   -- allele frequency in the 1000 Genomes Project
    alleleid         BIGINT,            -- ClinVar's Allele ID
    clndn            VARCHAR,           -- disease names, joined by |; this text and those below have their percent escapes decoded
    clndnincl        VARCHAR,           -- disease names of the haplotypes or genotypes that include the variant
    clndisdb         VARCHAR,           -- disease identifiers, by the same places as clndn
    clndisdbincl     VARCHAR,           -- disease identifiers, by the same places as clndnincl
    clnhgvs          VARCHAR,           -- HGVS on the contig
    clnrevstat       VARCHAR,           -- review status of the germline classification, as the file spells it
    clnsig           VARCHAR,           -- aggregate germline classification, as the file spells it
    clnsigconf       VARCHAR,           -- conflicting classifications with their counts, as the file joins them
    clnsigincl       VARCHAR,           -- VariationID:classification of haplotypes or genotypes that include the variant
    clnsigscv        VARCHAR,           -- accessions of the submissions behind clnsig
    clnvc            VARCHAR,           -- type of variant
    clnvcso          VARCHAR,           -- its Sequence Ontology id
    clnvi            VARCHAR,           -- other databases' identifiers for the variant
    dbvarid          VARCHAR,           -- dbVar accessions
    geneinfo         VARCHAR,           -- genes as symbol:id, joined by |
    mc               VARCHAR,           -- molecular consequences as SO id|term, joined by commas
    onc              VARCHAR,           -- aggregate oncogenicity classification
    oncconf          VARCHAR,           -- conflicting oncogenicity classifications
    oncdisdb         VARCHAR,           -- disease identifiers of onc
    oncdisdbincl     VARCHAR,           -- disease identifiers of oncincl
    oncdn            VARCHAR,           -- disease names of onc
    oncdnincl        VARCHAR,           -- disease names of oncincl
    oncincl          VARCHAR,           -- oncogenicity of haplotypes or genotypes that include the variant
    oncrevstat       VARCHAR,           -- review status of onc
    oncscv           VARCHAR,           -- accessions of the submissions behind onc
    origin           BIGINT check (origin >= 0),  -- sum of the bits of allele origin
    rs               VARCHAR,           -- dbSNP numbers as the file gives them
    sci              VARCHAR,           -- aggregate somatic clinical impact
    scidisdb         VARCHAR,           -- disease identifiers of sci
    scidisdbincl     VARCHAR,           -- disease identifiers of sciincl
    scidn            VARCHAR,           -- disease names of sci
    scidnincl        VARCHAR,           -- disease names of sciincl
    sciincl          VARCHAR,           -- somatic clinical impact of haplotypes or genotypes that include the variant
    scirevstat       VARCHAR,           -- review status of sci
    sciscv           VARCHAR,           -- accessions of the submissions behind sci
    ssr              BIGINT check (ssr >= 0),  -- sum of variant suspect reason codes
    info_other       VARCHAR,           -- the rest of INFO as it stands: flags, and keys that have no column here
    extra            VARCHAR,           -- JSON: columns that the file has beyond the eight
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
