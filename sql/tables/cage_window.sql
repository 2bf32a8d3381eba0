-- One row is a labelled window of the CAGE task (a row of LRB's sequences_coordinates.csv).
-- unique: split, npy_idx
create table cage_window (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    assembly        VARCHAR NOT NULL,  -- GRCh38
    chrom           VARCHAR NOT NULL,  -- canonical contig
    start           BIGINT NOT NULL,   -- 0-based first base: upstream's start minus 1, as the published loader reads it
    "end"           BIGINT NOT NULL,   -- 0-based end, exclusive: upstream's stop minus 1
    split           VARCHAR NOT NULL check (split in ('train', 'validation', 'test')),  -- as upstream gives it
    npy_idx         BIGINT NOT NULL,   -- number of the label array inside its split's shards
    label_row       BIGINT NOT NULL,   -- row of cage_label that holds the window's bins
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
    check ("end" - start in (114688, 131072))
);
