-- One row is one disease of OLIDA.
create table olida_disease (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- the provider's version
    disease          VARCHAR NOT NULL,  -- upstream: Disease Name
    orphanet_id      VARCHAR,           -- upstream: Orphanet ID
    omim_id          VARCHAR,           -- upstream: Omim Id
    icd_10_id        VARCHAR,           -- upstream: ICD-10 ID
    combination_ids  VARCHAR[],         -- keys of olida_combination (upstream: Combinations)
    extra            VARCHAR,           -- JSON: columns that this version of the file has beyond the known ones
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
