-- One row is one pair of genes with the variants that a person of the 1000 Genomes Project carries in them.
-- unites: combination
-- unique: combination_id
create table neutral_combination (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42 VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source          VARCHAR NOT NULL,  -- neutral_combinations
    source_version  VARCHAR NOT NULL,  -- the provider's version
    combination_id  VARCHAR NOT NULL,  -- <set>:<Combination_ID>; the set is the file's name up to _combs
    assembly        VARCHAR NOT NULL,  -- assembly that the file's name says
    label           BIGINT NOT NULL,   -- 0: neutral
    individual_id   VARCHAR,           -- the person who carries it (1000 Genomes), where the source says
    n_members       BIGINT NOT NULL,   -- members, resolved or not; each stands once an assembly in combination_member
    n_resolved      BIGINT NOT NULL,   -- members that have a locus and alleles on every assembly the source gives
    genes           VARCHAR[],         -- empty: upstream does not name the genes
    licence         VARCHAR,           -- licence of the data
    gene_a_variant  VARCHAR,           -- members of the first gene, as upstream spells them
    gene_b_variant  VARCHAR,           -- members of the second gene
    extra           VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
