-- One row is one DIDA combination with the features of DIDA's digenic-effect predictor.
create table dida_annotation (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    combination_id  VARCHAR NOT NULL,  -- key of dida_combination (upstream: DidaID)
    digenic_effect  VARCHAR,           -- upstream: DE; TD, CO, DE, or UK for unknown
    pair            VARCHAR,           -- upstream: Pair, gene A/gene B
    orphanet_id     VARCHAR,           -- upstream: Orphanet
    disease         VARCHAR,           -- upstream: Name
    allelic_state   DOUBLE,            -- upstream: AllelicState, mutated alleles
    extra           VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
