-- One row is the label array of a CAGE window: 896 bins of 128 bp by 50 tracks, raw counts, kept in rings outward from the centre.
-- A request for the central bins reads only the rings that it touches: less than twice what it needs. Ring k holds its bins left of the
-- centre and then right of it, each bin with all its tracks.
-- rows_per_group: 64
create table cage_label (
    label_row       BIGINT NOT NULL,   -- running number, key from cage_window
    ring_0          FLOAT[] NOT NULL,  -- bins 440 to 455: the central 16
    ring_1          FLOAT[] NOT NULL,  -- 8 bins on either side of ring_0
    ring_2          FLOAT[] NOT NULL,  -- 16 bins on either side of ring_1
    ring_3          FLOAT[] NOT NULL,  -- 32 bins on either side of ring_2
    ring_4          FLOAT[] NOT NULL,  -- 64 bins on either side of ring_3
    ring_5          FLOAT[] NOT NULL,  -- 128 bins on either side of ring_4
    ring_6          FLOAT[] NOT NULL,  -- the outermost 192 bins on either side
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    source_file     VARCHAR NOT NULL,  -- the npz shard
    source_line     BIGINT NOT NULL,   -- number of the array inside its split
);
