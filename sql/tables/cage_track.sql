-- One row is a CAGE track: one column of the label arrays.
create table cage_track (
    track           BIGINT NOT NULL check (track >= 0),  -- 0-based index into the last axis of the labels
    track_name      VARCHAR,           -- name, where label_mapping.csv gives one
    mapping         VARCHAR,           -- JSON: the track's row of label_mapping.csv
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based
);
