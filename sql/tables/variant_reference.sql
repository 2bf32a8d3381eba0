-- One row is what a registered genome says about an allele. Rebuilt by "lrbstore genome add", keyed by the genome's digest.
-- history: no
create table variant_reference (
    variant_id       VARCHAR NOT NULL,  -- key of variant_allele
    genome_digest    VARCHAR NOT NULL,  -- digest of the genome that was asked
    ref_check        VARCHAR NOT NULL,  -- match, swapped (ALT is the genome's base), mismatch, n, off_contig or contig_not_in_genome
    left_aligned_id  VARCHAR,           -- variant_id of the left-aligned form: joins different spellings of one indel
);
