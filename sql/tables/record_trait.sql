-- One row is one trait of a record: a disease that ClinVar names, a term of a trait ontology.
create table record_trait (
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    record_id       BIGINT NOT NULL,   -- key of variant_record
    ordinal         BIGINT NOT NULL check (ordinal >= 1),  -- place in the source's list, from 1
    trait           VARCHAR,           -- name, spaces for underscores; null where the source's item is empty
    trait_id        VARCHAR,           -- ids in the source's own spelling, e.g. MONDO:MONDO:0033613,MedGen:C5436628
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
