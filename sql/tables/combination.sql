-- One row is one combination of variants in one person or family that a source calls disease-causing or neutral.
-- united: from every table whose head says "unites: combination"
create table combination (
    record_id          BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42    VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source             VARCHAR NOT NULL,  -- name of the source
    source_version     VARCHAR NOT NULL,  -- the provider's version
    combination_id     VARCHAR NOT NULL,  -- key: the provider's id; of neutral sets <set>:<id>, since every set counts from 1
    assembly           VARCHAR,           -- assembly of the members; null where each member is given on both
    disease            VARCHAR,           -- disease as the source names it; null for neutral combinations
    label              BIGINT NOT NULL,   -- 1 disease-causing, 0 neutral
    oligogenic_effect  VARCHAR,           -- as the source gives it (true digenic, modifier, dual diagnosis; TD, CO in DIDA)
    final_meta         BIGINT,            -- confidence of the whole, 0 to 3 (OLIDA's FINALmeta; GV-Rep asks for 1 and more)
    gene_meta          BIGINT,            -- confidence that the genes act together (GENEmeta)
    var_meta           BIGINT,            -- confidence in the variants (VARmeta)
    fun_meta           BIGINT,            -- confidence from functional evidence (FUNmeta)
    stat_meta          BIGINT,            -- confidence from statistical evidence (STATmeta)
    individual_id      VARCHAR,           -- the person who carries it (1000 Genomes), where the source says
    n_members          BIGINT NOT NULL,   -- members, resolved or not; each stands once an assembly in combination_member
    n_resolved         BIGINT NOT NULL,   -- members that have a locus and alleles on every assembly the source gives
    genes              VARCHAR[],         -- distinct gene symbols in the order of the members; empty where the source names none
    licence            VARCHAR,           -- licence of the data
    source_file        VARCHAR NOT NULL,  -- upstream file
    source_line        BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
