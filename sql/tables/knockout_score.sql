-- One row is one number of a knockout matrix: a gene's fitness in one screen, as the provider gives it. Ask gene_knockout instead: it
-- tells the cell model, the unit and the direction too. A cell without a value makes no row.
-- Rows lie in tiles of 512 genes by symbol and 64 screens by model id, one row group each, so that a gene and a model both skip most.
create table knockout_score (
    record_id       BIGINT NOT NULL,   -- 36 bits of the file's sha256, then the cell's place in it: the same file gives the same ids
    random_split_42 VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    gene_symbol     VARCHAR NOT NULL,  -- gene symbol as the matrix has it
    gene_id         VARCHAR,           -- Ensembl gene id without its version, where the matrix gives one
    entrez_id       BIGINT,            -- NCBI gene id, where the matrix gives one
    screen_id       VARCHAR NOT NULL,  -- key of knockout_screen
    score           DOUBLE NOT NULL check (isfinite(score)),  -- fitness effect; unit and direction in knockout_screen
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
    source_column   BIGINT NOT NULL,   -- column in that line, 1-based
);
