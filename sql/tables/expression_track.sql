-- One row is a column of the expression matrix: one tissue or cell line as one provider measured it.
create table expression_track (
    track           BIGINT NOT NULL check (track >= 0),  -- 0-based index into the expression vector
    track_name      VARCHAR NOT NULL,  -- the column's header, as upstream spells it
    tissue          VARCHAR NOT NULL,  -- canonical tissue; several tracks may share one
    tissue_name     VARCHAR NOT NULL,  -- the spelling that the canonical name was found by
    mapping         VARCHAR,           -- JSON: the track's row of label_mapping.csv, where that file is there
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based
);
