-- One row is a gene's expression over all tracks (a row of LRB's rna_expression_values.csv, joined to its gene by row number at ingest).
-- rows_per_group: 2048
create table lrb_expression (
    label_row       BIGINT NOT NULL,   -- running number, key from lrb_gene
    expression      FLOAT[] NOT NULL,  -- one value for each track, in the order of expression_track; standardised log(1 + RPKM-like), unitless
    source          VARCHAR NOT NULL,  -- lrb
    source_version  VARCHAR NOT NULL,  -- version of the data set
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
