-- One row is one cell model of a DepMap release. Ask cell_model for every source's models.
-- unique: model_id
create table depmap_model (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- the DepMap release, e.g. 24Q2
    model_id         VARCHAR NOT NULL check (regexp_full_match(model_id, 'ACH-[0-9]+')),  -- DepMap model id
    model_name       VARCHAR,           -- name (upstream: CellLineName)
    model_key        VARCHAR,           -- letters and digits of the name, upper case: what names are compared by
    tissue           VARCHAR,           -- canonical tissue
    tissue_name      VARCHAR,           -- tissue as upstream spells it (OncotreeLineage)
    cancer_type      VARCHAR,           -- disease (OncotreePrimaryDisease)
    patient_id VARCHAR,  -- patient
    stripped_cell_line_name VARCHAR,  -- name in letters and digits
    depmap_model_type VARCHAR,  -- type in DepMap's own codes
    oncotree_subtype VARCHAR,  -- subtype, of OncoTree
    oncotree_code VARCHAR,  -- code, of OncoTree
    rrid VARCHAR,  -- Cellosaurus id
    age DOUBLE,  -- age of the patient in years
    age_category VARCHAR,  -- age group
    sex VARCHAR,  -- sex of the patient
    patient_race VARCHAR,  -- as upstream has it
    primary_or_metastasis VARCHAR,  -- where the tumour was taken
    sample_collection_site VARCHAR,  -- site of collection
    growth_pattern VARCHAR,  -- adherent, suspension …
    engineered_model VARCHAR,  -- how the model was altered
    ccle_name VARCHAR,  -- name in CCLE
    wtsi_master_cell_id BIGINT,  -- Sanger's number
    sanger_model_id VARCHAR check (regexp_full_match(sanger_model_id, 'SIDM[0-9]+')),  -- Sanger model id, SIDM…: the bridge to Project Score
    cosmic_id BIGINT,  -- COSMIC sample id
    extra            VARCHAR,           -- JSON of the columns that only some releases have
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
