-- One row is an upstream row that could not be loaded. Nothing is dropped in silence: rows_in = rows_loaded + rows_rejected.
-- history: no
create table reject (
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- name of the upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
    reason          VARCHAR NOT NULL,  -- what was wrong, with the value and what was expected
    raw             VARCHAR NOT NULL,  -- the row's text: its line, or its cells joined by the file's delimiter, where quotes were taken off them
);
