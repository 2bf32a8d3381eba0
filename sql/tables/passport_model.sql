-- One row is one cell model of the Cell Model Passports (a row of model_list).
-- unique: cell_model_id
create table passport_model (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- cell_model_passports
    source_version   VARCHAR NOT NULL,  -- date of the list, YYYY-MM-DD
    cell_model_id    VARCHAR NOT NULL,  -- the model's id, SIDM and digits (upstream: model_id)
    model_name       VARCHAR NOT NULL,  -- name of the cell line or organoid
    tissue           VARCHAR,           -- canonical tissue that the model was taken from
    tissue_as_given  VARCHAR,           -- the same as upstream spells it (upstream: tissue)
    cancer_type      VARCHAR,           -- kind of cancer
    cancer_type_detail VARCHAR,         -- kind of cancer, more closely
    broad_id         VARCHAR,           -- DepMap's id, ACH- and digits, as given (upstream: BROAD_ID)
    ccle_id          VARCHAR,           -- id in the Cancer Cell Line Encyclopedia (upstream: CCLE_ID)
    cosmic_id        VARCHAR,           -- id in COSMIC's cell lines (upstream: COSMIC_ID)
    rrid             VARCHAR,           -- research resource id, CVCL_ and four signs (upstream: RRID)
    synonyms         VARCHAR,           -- further names, as given
    model_type       VARCHAR,           -- Cell Line, Organoid and the like
    growth_properties VARCHAR,          -- how it grows (Adherent, Suspension)
    tissue_status    VARCHAR,           -- Tumour, Metastasis and the like
    sample_site      VARCHAR,           -- where in the body the sample was taken
    msi_status       VARCHAR,           -- microsatellite instability (MSS, MSI)
    extra            VARCHAR,           -- JSON: columns that the file has beyond the known ones
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
