-- One row is a distinct allele that some record speaks of. Its key needs no genome, no release and no source.
-- history: no
create table variant_allele (
    variant_id    VARCHAR NOT NULL,  -- assembly:chrom:pos:ref:alt of the trimmed alleles; an allele of over 64 bases as length and md5
    assembly      VARCHAR NOT NULL,  -- canonical assembly
    chrom         VARCHAR NOT NULL,  -- canonical contig
    pos           BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the first base of the trimmed REF
    ref           VARCHAR NOT NULL check (regexp_full_match(ref, '[ACGTN]+')),  -- trimmed reference allele
    alt           VARCHAR NOT NULL check (regexp_full_match(alt, '[ACGTN]+')),  -- trimmed alternative allele
    variant_type  VARCHAR NOT NULL,  -- snv, mnv, insertion, deletion, indel, or identical where REF and ALT are the same
);
