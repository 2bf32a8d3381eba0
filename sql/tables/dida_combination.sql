-- One row is one digenic combination of DIDA.
-- unites: combination
-- unique: combination_id
create table dida_combination (
    record_id          BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42    VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source             VARCHAR NOT NULL,  -- dida
    source_version     VARCHAR NOT NULL,  -- the provider's version
    combination_id     VARCHAR NOT NULL,  -- DIDA's id, e.g. dd001
    assembly           VARCHAR NOT NULL,  -- GRCh37
    disease            VARCHAR,           -- disease as the source names it; null for neutral combinations
    label              BIGINT NOT NULL,   -- 1: disease-causing
    oligogenic_effect  VARCHAR,           -- TD true digenic, CO composite (modifier); null where unknown
    n_members          BIGINT NOT NULL,   -- members, resolved or not; each stands once an assembly in combination_member
    n_resolved         BIGINT NOT NULL,   -- members that have a locus and alleles on every assembly the source gives
    genes              VARCHAR[],         -- distinct gene symbols in the order of the members; empty where the source names none
    licence            VARCHAR,           -- licence of the data
    gene_a             VARCHAR,           -- upstream: Gene A
    gene_b             VARCHAR,           -- upstream: Gene B
    allele_1_gene_a    VARCHAR,           -- cDNA change of gene A's first allele; null where wild type or not given
    allele_2_gene_a    VARCHAR,           -- cDNA change of gene A's second allele
    allele_1_gene_b    VARCHAR,           -- cDNA change of gene B's first allele
    allele_2_gene_b    VARCHAR,           -- cDNA change of gene B's second allele
    gene_relationship  VARCHAR,           -- how the two genes are related, upstream's list
    extra              VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file        VARCHAR NOT NULL,  -- upstream file
    source_line        BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
