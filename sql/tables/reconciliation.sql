-- One row is a published number beside one definition of what it counts, and the count under that definition in this store.
-- derived: from sql/reconciliations/<body>/published.tsv and the counts beside it; counted when it is asked
create table reconciliation (
    body           VARCHAR NOT NULL,  -- body of work that publishes the number: a folder of sql/reconciliations (gvrep, lrb)
    ordinal        BIGINT NOT NULL,   -- place of the row in its body, from 1
    figure         VARCHAR NOT NULL,  -- name of the definition, unique in its body
    source         VARCHAR,           -- source that the definition counts rows of; null for a sum over several
    part           VARCHAR,           -- kind of file of that source; null for a sum
    definition     VARCHAR NOT NULL,  -- what is counted, in words
    published      BIGINT NOT NULL,   -- the number as published; one number may stand beside several definitions
    published_in   VARCHAR NOT NULL,  -- where it is published
    sum_of         VARCHAR[],         -- figures that the published number is the sum of; null where it is none
    in_files       BIGINT,            -- data rows in the files of this kind in the store, before any filter; null where none was ingested
    rows_loaded    BIGINT,            -- of them, rows that became records
    rows_rejected  BIGINT,            -- of them, rows in table reject
    in_store       BIGINT,            -- count under the definition; null where nothing was ingested, or the definition cannot be counted
    difference     BIGINT,            -- in_store minus published
    ratio          DOUBLE,            -- in_store divided by published
    status         VARCHAR NOT NULL check (status in ('equal', 'differs', 'in part', 'simulated', 'not counted', 'not ingested')),  -- how the two compare; in part: a sum that lacks sources; simulated: the count tells nothing about the published number
    remark         VARCHAR,           -- what the number is easily taken for, what the count cannot tell, which sources a sum lacks
);
