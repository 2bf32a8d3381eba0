-- One row is a distinct locus of records without alleles (GWAS, positions by rsID), lifted by a registered chain; mapped or not.
-- history: no
create table locus_lift (
    assembly      VARCHAR NOT NULL,  -- assembly that the locus comes from
    chrom         VARCHAR NOT NULL,  -- canonical contig there
    pos           BIGINT NOT NULL,   -- 1-based position there
    to_assembly   VARCHAR NOT NULL,  -- assembly that it is lifted to
    chain_digest  VARCHAR NOT NULL,  -- key of chain: the file by which it is lifted
    status        VARCHAR NOT NULL check (status in ('mapped', 'unmapped')),  -- mapped or unmapped
    strand        VARCHAR check (strand in ('+', '-')),  -- - where the target runs the other way
    lifted_chrom  VARCHAR,           -- contig of the target; null where unmapped
    lifted_pos    BIGINT,            -- 1-based position on the target; null where unmapped
);
