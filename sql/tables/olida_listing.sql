-- One row is one OLIDA combination on a published list: a training or test set of VarCoPP 2.0 or HOP, pairs of genes, confidence scores.
-- The lists name combinations only; their variants are in olida_combination, joined by combination_id where the whole export is loaded.
-- unique: combination_id
create table olida_listing (
    record_id       BIGINT NOT NULL,                            -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,                           -- name of the source
    source_version  VARCHAR NOT NULL,                           -- the provider's version
    combination_id  VARCHAR NOT NULL,                           -- as the list gives it: an OLIDA ID, or the list's own number (testpos_1)
    olida_id        VARCHAR,                                    -- combination_id where it is an OLIDA ID; else null: the list does not say which it is
    list_name       VARCHAR NOT NULL,                           -- the file's name without ending
    list_kind       VARCHAR NOT NULL,                           -- training, test, annotated, gene_pairs or scores
    annotated_on    VARCHAR,                                    -- assembly that the list's features were made on; null where it has none or does not say
    final_meta      BIGINT check (final_meta between 0 and 3),  -- FINALmeta, in the list of scores
    gene_a          VARCHAR,                                    -- first gene, in the list of pairs
    gene_b          VARCHAR,                                    -- second gene, in the list of pairs
    source_file     VARCHAR NOT NULL,                           -- upstream file
    source_line     BIGINT NOT NULL,                            -- line in that file, 1-based, header included
);
