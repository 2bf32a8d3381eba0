-- One row is one variant of one score set of MaveDB, with its score (a row of a score CSV).
-- unites: variant_record
-- unique: accession
create table mave_score (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- mavedb
    source_version   VARCHAR NOT NULL,  -- date of the bulk dump (asOf), YYYY-MM-DD; undated for files of the API
    urn              VARCHAR NOT NULL,  -- the score set: key of mave_score_set
    accession        VARCHAR NOT NULL,  -- the variant in its score set: urn#number
    variant_id       VARCHAR,           -- key of variant; null unless hgvs_g is a substitution on a known contig
    assembly         VARCHAR,           -- GRCh38 or GRCh37, as the version of hgvs_g's accession says; null without a place on a genome
    chrom            VARCHAR,           -- canonical contig
    pos              BIGINT check (pos >= 1),  -- 1-based position on the contig
    ref              VARCHAR,           -- reference base on the contig's plus strand, which may not be the target's
    alt              VARCHAR,           -- alternative base on the contig's plus strand
    gene_id          VARCHAR,           -- Ensembl gene id without its version, where the score set has exactly one
    gene_symbol      VARCHAR,           -- symbol that MaveDB mapped a single target to
    label_name       VARCHAR NOT NULL,  -- score
    label_value      DOUBLE,            -- as score; scales and directions differ between score sets
    hgvs_nt          VARCHAR,           -- nucleotide change relative to the target, as upstream has it; null for protein-level sets
    hgvs_splice      VARCHAR,           -- nucleotide change relative to a transcript
    hgvs_pro         VARCHAR,           -- protein change relative to the target
    hgvs_g           VARCHAR,           -- change on a contig that MaveDB mapped it to, or hgvs_nt where that is on a contig itself
    vrs_digest       VARCHAR,           -- GA4GH VRS digest of the mapped allele
    clingen_allele_id VARCHAR,          -- ClinGen's id of the mapped allele
    score            DOUBLE,            -- the score set's score; null for NA
    sd               DOUBLE,            -- its standard deviation
    se               DOUBLE,            -- its standard error
    n_changes        BIGINT check (n_changes >= 0),  -- changes in hgvs_nt (else hgvs_splice, hgvs_pro): 2 for c.[1A>T;2C>G], 0 for the wild type; null for _sy
    is_wild_type     BOOLEAN NOT NULL,  -- whether the row is the target itself: _wt, c.=, n.270=, or p.= alone
    is_synonymous    BOOLEAN NOT NULL,  -- whether the protein stays as it is: _sy, p.(=), p.Glu145=
    target_label     VARCHAR,           -- what stands before the colon of hgvs_nt: a transcript, or one of several targets
    target_pos       BIGINT,            -- 1-based first base of a single change in the target; the base before an insertion
    target_end       BIGINT,            -- 1-based last base of it; the base behind an insertion
    target_ref       VARCHAR,           -- bases of the target there: as hgvs_nt spells them, else cut from the target; empty for an insertion
    target_alt       VARCHAR,           -- bases that stand in their place; empty for a deletion
    target_ref_matches BOOLEAN,         -- whether bases that hgvs_nt spells are the target's; null where it spells none or the target is not known
    target_name      VARCHAR,           -- name of the first target
    target_sequence_type VARCHAR,       -- dna or protein: alphabet of the first target's sequence
    target_length    BIGINT,            -- length of the first target
    licence          VARCHAR,           -- short name of the score set's licence; null where no metadata lay beside the file
    extra            VARCHAR,           -- JSON: the score set's further columns, as text under their own names without scores.
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
