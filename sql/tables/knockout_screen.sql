-- One row is one screen: a column of a gene × model matrix, or a row of a model × gene matrix. A model that was screened twice has two.
create table knockout_screen (
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    screen_id       VARCHAR NOT NULL,  -- key: model id, centre, which of several, and the file (its sha256's first 8 digits)
    screen_number   BIGINT NOT NULL check (screen_number >= 0),  -- place among the file's screens, from 0, in upstream's order
    model_id        VARCHAR NOT NULL,  -- cell model as the matrix names it: SIDM…, ACH-… or a name; canonical id: cell_bridge
    model_name      VARCHAR,           -- name of the cell model, as the matrix has it
    model_key       VARCHAR NOT NULL,  -- letters and digits of the name (else the id), upper case: what names are compared by
    centre          VARCHAR,           -- where it was screened (Sanger, Broad); null where the matrix does not say, or merges centres
    qc_pass         BOOLEAN,           -- whether the provider's quality control passed it; null where the matrix does not say
    score_unit      VARCHAR NOT NULL,  -- what the numbers are
    higher_means    VARCHAR NOT NULL check (higher_means in ('more essential', 'less essential')),  -- what a higher score means
    n_genes         BIGINT NOT NULL,   -- genes with a score in this screen
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT,            -- its line where rows are models; null where columns are: then it stands in the header
    source_column   BIGINT,            -- its column, 1-based, where columns are screens
);
