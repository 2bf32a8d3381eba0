-- One row is a transcript in one annotation release. Blocks are 0-based half-open and ascend on the genome, on both strands.
-- united: from every table whose head says "unites: transcript"
create table transcript (
    record_id       BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    assembly        VARCHAR NOT NULL,  -- assembly of the positions
    annotation      VARCHAR NOT NULL,  -- annotation release that the transcript is taken from
    transcript_id   VARCHAR NOT NULL,  -- Ensembl transcript id without its version
    transcript_version BIGINT,         -- its version, where the source gives one
    gene_id         VARCHAR NOT NULL,  -- Ensembl gene id without its version
    symbol          VARCHAR,           -- gene symbol
    transcript_type VARCHAR,           -- biotype, e.g. protein_coding
    chrom           VARCHAR NOT NULL,  -- canonical contig
    start           BIGINT,            -- 0-based first base
    "end"           BIGINT,            -- 0-based end, exclusive
    strand          VARCHAR,           -- + or -
    tss_pos         BIGINT,            -- 1-based transcription start site
    exon_starts     BIGINT[],          -- 0-based first base of each exon
    exon_ends       BIGINT[],          -- 0-based end of each exon, exclusive
    cds_start       BIGINT,            -- 0-based first coding base on the genome, without the stop codon; null where nothing is coding
    cds_end         BIGINT,            -- 0-based end of the coding bases on the genome, exclusive, without the stop codon
    utr5_starts     BIGINT[],          -- 0-based first base of each block before the CDS, as the transcript is read
    utr5_ends       BIGINT[],          -- 0-based end of each such block, exclusive
    utr3_starts     BIGINT[],          -- 0-based first base of each block behind CDS and stop codon, as the transcript is read
    utr3_ends       BIGINT[],          -- 0-based end of each such block, exclusive
    is_canonical    BOOLEAN,           -- whether the source calls it the gene's canonical transcript
    is_par_y        BOOLEAN,           -- whether it is on chrY's copy of a pseudoautosomal gene, so that its ids may be chrX's too
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL,   -- line of the transcript in that file, 1-based, header included
);
