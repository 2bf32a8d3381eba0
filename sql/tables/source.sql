-- One row is one ingested source at one version.
-- derived: from the manifest and ingest/<source>/source.toml
create table source (
    source         VARCHAR NOT NULL,  -- name of the source: its folder under ingest/
    version        VARCHAR NOT NULL,  -- the provider's version
    title          VARCHAR NOT NULL,  -- what it is, in one line
    url            VARCHAR NOT NULL,  -- where the provider publishes it
    licence        VARCHAR NOT NULL,  -- the provider's terms
    citation       VARCHAR NOT NULL,  -- what to cite
    assemblies     VARCHAR[] NOT NULL,  -- assemblies that its positions are on
    is_current     BOOLEAN NOT NULL,  -- true where the default views show rows of this version
    n_files        BIGINT NOT NULL,   -- upstream files loaded
    rows_in        BIGINT NOT NULL,   -- upstream rows read
    rows_loaded    BIGINT NOT NULL,   -- of them, rows that became records
    rows_rejected  BIGINT NOT NULL,   -- of them, rows in table reject
);
