-- One row is a name of an oligo: a sequence that was synthesised for a massively parallel reporter assay. A sequence that a library lists
-- under several names has a row for each; where a provider gives no names, each line of a file that has the sequence is a row.
create table oligo (
    oligo_id        VARCHAR,           -- name in the provider's library; null where it gives none
    variant_name    VARCHAR,           -- that name without its allele mark: the variant, with its placement in the oligo (_5'_End, _2); null where there is no mark
    allele          VARCHAR check (allele in ('ref', 'alt')),  -- allele that the sequence has, as its name marks it
    rs_id           VARCHAR,           -- dbSNP id that the name begins with
    assembly        VARCHAR,           -- assembly of chrom and pos
    chrom           VARCHAR,           -- contig that the name begins with; null for most, which are named by rs_id
    pos             BIGINT check (pos >= 1),  -- position that the name begins with, taken as 1-based
    library         VARCHAR,           -- accession of the library's file
    sequence_id     VARCHAR NOT NULL,  -- md5 of the sequence, in hexadecimal: the same sequence has the same id everywhere
    sequence        VARCHAR NOT NULL check (regexp_full_match(sequence, '[ACGTN]+')),  -- bases, 5' to 3' as synthesised, upper case
    n_bases         BIGINT NOT NULL,   -- length of the sequence
    gc              DOUBLE NOT NULL,   -- share of G and C among its bases
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL    -- line in that file, 1-based, header included
);
