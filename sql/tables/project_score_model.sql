-- One row is one cell model of Project Score's first manifest, with its quality control. Ask cell_model for every source's models.
-- unique: model_id
create table project_score_model (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- 2019: the manifest of the first paper
    model_id         VARCHAR NOT NULL check (regexp_full_match(model_id, 'SIDM[0-9]+')),  -- Sanger model id
    model_name       VARCHAR NOT NULL,  -- name (upstream: name)
    model_key        VARCHAR NOT NULL,  -- letters and digits of the name, upper case: what names are compared by
    cosmic           BIGINT,            -- COSMIC sample id
    tissue           VARCHAR,           -- canonical tissue
    tissue_name      VARCHAR,           -- tissue as upstream spells it
    cancer_type      VARCHAR,           -- cancer type
    msi              VARCHAR,           -- microsatellite status: MSI-S, MSI-L, MSI-H
    transduction_efficiency VARCHAR,    -- percent, one number a replicate, separated by commas
    cas9_activity    VARCHAR,           -- percent, one number a replicate
    n_replicates     BIGINT,            -- replicates
    experiment_identifier VARCHAR,      -- their names
    library          VARCHAR,           -- library version of each replicate
    rep_qc           VARCHAR,           -- whether each replicate passed, TRUE or FALSE
    cell_line_qc     BOOLEAN,           -- whether the model passed
    hart_auroc       DOUBLE,            -- area under the ROC curve of Hart's essential against non-essential genes
    hart_auprrc      DOUBLE,            -- area under their precision-recall curve
    ribosomal        DOUBLE,            -- effect size of ribosomal genes
    hart_ess_genes   DOUBLE,            -- effect size of Hart's essential genes
    hart_non_ess_genes DOUBLE,          -- effect size of Hart's non-essential genes
    cell_line_high_qc BOOLEAN,          -- whether the model passed the stricter control
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
