-- One row is one SNP of an association of the GWAS Catalog; a haplotype or an interaction has several.
create table gwas_snp (
    source          VARCHAR NOT NULL,  -- gwas_catalog
    source_version  VARCHAR NOT NULL,  -- date in the file's name
    record_id       BIGINT NOT NULL,   -- key of gwas_association
    ordinal         BIGINT NOT NULL check (ordinal >= 1),  -- place in SNPS, from 1
    snp             VARCHAR NOT NULL,  -- as SNPS writes it
    rs_id           VARCHAR,           -- dbSNP id, where it is one
    risk_allele     VARCHAR,           -- by the same place in STRONGEST SNP-RISK ALLELE; null for ?, and where the lists differ in length
    assembly        VARCHAR NOT NULL,  -- assembly of chrom and pos
    chrom           VARCHAR,           -- canonical contig, by the same place in CHR_ID; null where the lists differ in length
    pos             BIGINT,            -- 1-based position, by the same place in CHR_POS; null where the lists differ in length
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
