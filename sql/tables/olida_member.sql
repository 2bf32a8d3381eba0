-- One row is one member of an OLIDA combination on one assembly.
-- unites: combination_member
create table olida_member (
    source          VARCHAR NOT NULL,                      -- name of the source
    source_version  VARCHAR NOT NULL,                      -- the provider's version
    record_id       BIGINT NOT NULL,                       -- record_id of the combination
    combination_id  VARCHAR NOT NULL,                      -- key of combination
    ordinal         BIGINT NOT NULL check (ordinal >= 1),  -- place in the combination, from 1, in the source's order
    gene_ordinal    BIGINT,                                -- the member's gene among those of the combination, from 1: gene A is 1, gene B is 2
    member_type     VARCHAR,                               -- small_variant or cnv; null where the source's list of variants does not have it
    variant_id      VARCHAR,                               -- key of variant; null where not resolved
    assembly        VARCHAR NOT NULL,                      -- assembly of chrom and pos: a source with two positions gives a row on each
    chrom           VARCHAR,                               -- canonical contig; null where not resolved
    pos             BIGINT check (pos >= 1),               -- 1-based position of the first REF base; null where not resolved
    ref             VARCHAR,                               -- reference allele, upper case; null for CNVs
    alt             VARCHAR,                               -- alternative allele, upper case, whole; null for CNVs
    gene_symbol     VARCHAR,                               -- gene as the source names it
    zygosity        VARCHAR,                               -- Heterozygous, Homozygous, Hemizygous …, as the source spells it
    cdna            VARCHAR,                               -- change in the transcript, as the source gives it
    protein         VARCHAR,                               -- change in the protein, as the source gives it
    entry_id        VARCHAR,                               -- id of the variant in the source's own list
    member_text     VARCHAR NOT NULL,                      -- the member as the source spells it
    unresolved      VARCHAR,                               -- why locus, alleles or both are missing; null where nothing is
    source_file     VARCHAR NOT NULL,                      -- upstream file
    source_line     BIGINT NOT NULL,                       -- line in that file, 1-based, header included
);
