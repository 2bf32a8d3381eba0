-- One row is one oligogenic combination of OLIDA, from published patients, with the curators' confidence scores.
-- unites: combination
-- unique: combination_id
create table olida_combination (
    record_id            BIGINT NOT NULL,                            -- hash of source, content and how often that content came before
    random_split_42      VARCHAR NOT NULL,                           -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source               VARCHAR NOT NULL,                           -- olida
    source_version       VARCHAR NOT NULL,                           -- the provider's version
    combination_id       VARCHAR NOT NULL,                           -- OLIDA ID, e.g. OLI001
    assembly             VARCHAR,                                    -- null: every member has a position on GRCh37 and on GRCh38
    disease              VARCHAR,                                    -- disease as the source names it; null for neutral combinations
    label                BIGINT NOT NULL,                            -- 1: disease-causing
    oligogenic_effect    VARCHAR,                                    -- as the source gives it (true digenic, modifier, dual diagnosis; TD, CO in DIDA)
    final_meta           BIGINT check (final_meta between 0 and 3),  -- confidence of the whole, 0 to 3 (OLIDA's FINALmeta; GV-Rep asks for 1 and more)
    gene_meta            BIGINT,                                     -- confidence that the genes act together (GENEmeta)
    var_meta             BIGINT,                                     -- confidence in the variants (VARmeta)
    fun_meta             BIGINT,                                     -- confidence from functional evidence (FUNmeta)
    stat_meta            BIGINT,                                     -- confidence from statistical evidence (STATmeta)
    n_members            BIGINT NOT NULL,                            -- members, resolved or not; each stands once an assembly in combination_member
    n_resolved           BIGINT NOT NULL,                            -- members that have a locus and alleles on every assembly the source gives
    genes                VARCHAR[],                                  -- distinct gene symbols in the order of the members
    licence              VARCHAR,                                    -- licence of the data
    omim_id              VARCHAR,                                    -- OMIM id of the disease (upstream: Omim Id)
    ethnicity            VARCHAR,                                    -- ethnicity of the patients
    associated_variants  VARCHAR,                                    -- the members in OLIDA's own spelling (upstream: Associated Variants)
    extra                VARCHAR,                                    -- JSON: columns that this version of the file has beyond the known ones
    source_file          VARCHAR NOT NULL,                           -- upstream file
    source_line          BIGINT NOT NULL,                            -- line in that file, 1-based, header included
);
