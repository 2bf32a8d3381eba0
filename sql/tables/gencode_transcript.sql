-- One row is a transcript of one GENCODE release (a row "transcript" of its GTF), with its exons, CDS, UTR and codons folded in. Blocks are
-- 0-based half-open and ascend on the genome, on both strands; lists of a kind have one length. Null: the transcript has none of the kind.
-- unites: transcript
-- unique: upstream_transcript_id
create table gencode_transcript (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- gencode
    source_version   VARCHAR NOT NULL,  -- the release (45); before it, where the file is another set than the full one, which (basic.45)
    assembly         VARCHAR NOT NULL,  -- GRCh38; GRCh37 for releases up to 19 and for those mapped back (lift37)
    annotation       VARCHAR NOT NULL,  -- annotation release, e.g. GENCODE v45, GENCODE v45lift37
    transcript_id    VARCHAR NOT NULL,  -- Ensembl transcript id without version and PAR_Y
    transcript_version BIGINT,          -- its version
    gene_id          VARCHAR NOT NULL,  -- Ensembl gene id without version and PAR_Y
    gene_version     BIGINT,            -- the gene's version
    symbol           VARCHAR,           -- gene symbol (upstream: gene_name)
    transcript_name  VARCHAR,           -- symbol and number
    transcript_type  VARCHAR,           -- biotype of the transcript
    gene_type        VARCHAR,           -- biotype of the gene
    chrom            VARCHAR NOT NULL,  -- canonical contig
    start            BIGINT NOT NULL,   -- 0-based first base (upstream's start minus 1)
    "end"            BIGINT NOT NULL,   -- 0-based end, exclusive (upstream's end)
    strand           VARCHAR NOT NULL check (strand in ('+', '-')),  -- strand of the transcript
    tss_pos          BIGINT NOT NULL,   -- 1-based first transcribed base: start on +, end on -
    exon_starts      BIGINT[],          -- 0-based first base of each exon
    exon_ends        BIGINT[],          -- 0-based end of each exon, exclusive
    exon_ids         VARCHAR[],         -- exon ids as upstream spells them
    cds_start        BIGINT,            -- 0-based first coding base on the genome; GENCODE's CDS leaves the stop codon out
    cds_end          BIGINT,            -- 0-based end of the coding bases on the genome, exclusive
    cds_starts       BIGINT[],          -- 0-based first base of each CDS block
    cds_ends         BIGINT[],          -- 0-based end of each CDS block, exclusive
    cds_frames       BIGINT[],          -- bases to leave out before the next whole codon begins, by block (0, 1, 2)
    utr_starts       BIGINT[],          -- 0-based first base of each UTR row, which for GENCODE holds the stop codon
    utr_ends         BIGINT[],          -- 0-based end of each UTR row, exclusive
    utr5_starts      BIGINT[],          -- 0-based first base of each block of exon before the CDS, as the transcript is read; null without CDS
    utr5_ends        BIGINT[],          -- 0-based end of each such block, exclusive
    utr3_starts      BIGINT[],          -- 0-based first base of each block of exon behind CDS and stop codon; null without CDS
    utr3_ends        BIGINT[],          -- 0-based end of each such block, exclusive
    start_codon_starts BIGINT[],        -- 0-based first base of each piece of the start codon
    start_codon_ends BIGINT[],          -- 0-based end of each piece, exclusive
    stop_codon_starts BIGINT[],         -- 0-based first base of each piece of the stop codon
    stop_codon_ends  BIGINT[],          -- 0-based end of each piece, exclusive
    selenocysteine_starts BIGINT[],     -- 0-based first base of each codon read as selenocysteine
    selenocysteine_ends BIGINT[],       -- 0-based end of each such codon, exclusive
    level            BIGINT,            -- 1 verified, 2 manually annotated, 3 automatically annotated
    transcript_support_level VARCHAR,   -- 1 (best) to 5, or NA
    tags             VARCHAR[],         -- every tag, in the file's order (basic, Ensembl_canonical, MANE_Select, cds_end_NF …)
    is_canonical     BOOLEAN NOT NULL,  -- whether it bears the tag Ensembl_canonical
    is_basic         BOOLEAN NOT NULL,  -- whether it bears the tag basic
    hgnc_id          VARCHAR,           -- HGNC's id of the gene, with HGNC:
    havana_gene      VARCHAR,           -- the gene's id in the HAVANA annotation, with its version
    havana_transcript VARCHAR,          -- id in the HAVANA annotation, with its version
    protein_id       VARCHAR,           -- Ensembl protein id, with its version
    ccds_id          VARCHAR,           -- CCDS id, with its version (upstream: ccdsid)
    ontology         VARCHAR[],         -- terms of the pseudogene ontology (upstream: ont)
    annotated_by     VARCHAR,           -- HAVANA or ENSEMBL (upstream's second column)
    is_par_y         BOOLEAN NOT NULL,  -- whether it is on chrY's copy of a pseudoautosomal gene: where true, transcript_id may be chrX's too
    lift_version     BIGINT,            -- which mapping to GRCh37 (the number after _), for releases mapped back
    upstream_transcript_id VARCHAR NOT NULL,  -- transcript_id as upstream spells it
    upstream_gene_id VARCHAR NOT NULL,  -- gene_id as upstream spells it
    extra            VARCHAR,           -- JSON: attributes that have no column, each with the list of its values
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line of the transcript's row in that file, 1-based, header included
    check (start >= 0 and start < "end")
);
