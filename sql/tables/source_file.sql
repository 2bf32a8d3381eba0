-- One row is one upstream file that was ingested, with every row of it accounted for.
-- derived: from the manifest
create table source_file (
    source         VARCHAR NOT NULL,  -- name of the source
    version        VARCHAR NOT NULL,  -- the provider's version
    part           VARCHAR NOT NULL,  -- which of the source's kinds of file it is
    assembly       VARCHAR,           -- assembly of its positions
    source_file    VARCHAR NOT NULL,  -- the file's name
    sha256         VARCHAR NOT NULL,  -- of the file's bytes as they were read
    bytes          BIGINT NOT NULL,   -- size as read (compressed where the provider compresses)
    rows_in        BIGINT NOT NULL,   -- data rows in the file
    rows_loaded    BIGINT NOT NULL,   -- rows that became records
    rows_rejected  BIGINT NOT NULL,   -- rows that stand in table reject
    facts          VARCHAR NOT NULL,  -- JSON: what was found in the file rather than assumed
    check (rows_in = rows_loaded + rows_rejected)
);
