-- One row is a disease or trait of the GWAS Catalog with one ontology term that it stands for, and that term's parent.
create table trait_mapping (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- gwas_catalog
    source_version  VARCHAR NOT NULL,  -- date in the file's name
    disease_trait   VARCHAR NOT NULL,  -- as DISEASE/TRAIT words it
    efo_term        VARCHAR NOT NULL,  -- name of the term
    efo_uri         VARCHAR NOT NULL,  -- address of the term
    parent_term     VARCHAR,           -- name of the broad category
    parent_uri      VARCHAR,           -- address of that category
    extra           VARCHAR,           -- JSON: columns that the file has beyond the known ones
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
