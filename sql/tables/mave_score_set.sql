-- One row is one score set of MaveDB, as one metadata file describes it.
-- unique: urn
create table mave_score_set (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- mavedb
    source_version   VARCHAR NOT NULL,  -- date of the bulk dump (asOf), YYYY-MM-DD; undated for answers of the API
    urn              VARCHAR NOT NULL,  -- the score set: urn:mavedb:00000001-a-1, its last number counting versions
    experiment_urn   VARCHAR,           -- the experiment that it belongs to
    experiment_set_urn VARCHAR,         -- the set of experiments that this belongs to
    title            VARCHAR,           -- title
    short_description VARCHAR,          -- description in a sentence or two
    abstract_text    VARCHAR,           -- abstract
    method_text      VARCHAR,           -- how the scores were computed, often with the meaning of further columns
    licence          VARCHAR,           -- short name of the licence (CC0, CC BY 4.0); null where the file does not say
    licence_name     VARCHAR,           -- long name of the licence
    n_variants       BIGINT check (n_variants >= 0),  -- variants in it, as the file says (upstream: numVariants)
    published_date   VARCHAR,           -- when it was published, YYYY-MM-DD
    n_targets        BIGINT NOT NULL check (n_targets >= 0),  -- targets of the assay
    target_names     VARCHAR[],         -- names of the targets: free text, often a gene's symbol
    target_categories VARCHAR[],        -- what they are (protein_coding, regulatory, other), by the same places
    target_sequence  VARCHAR,           -- sequence of the first target, upper case; null where it is named by an accession
    target_sequence_type VARCHAR check (target_sequence_type in ('dna', 'protein')),  -- alphabet of that sequence
    target_length    BIGINT,            -- its length in bases or residues
    target_accession VARCHAR,           -- accession of the first target where it has no sequence (NM_…, NC_…)
    target_assembly  VARCHAR,           -- assembly of the first target, as the file spells it
    gene_id          VARCHAR,           -- Ensembl gene id without its version, where the targets have exactly one
    gene_symbol      VARCHAR,           -- symbol that MaveDB mapped a single target to
    organism         VARCHAR,           -- organism of the first target
    external_ids     VARCHAR[],         -- the targets' ids elsewhere, as database:id
    publication_ids  VARCHAR[],         -- primary publications, as database:id
    secondary_publication_ids VARCHAR[],  -- further publications, as database:id
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- place of the score set in that file, from 1: JSON has no rows
);
