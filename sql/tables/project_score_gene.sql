-- One row is one gene on which at least one model of Project Score's first paper depends; its tissues are in gene_tissue_essential.
-- unique: gene_symbol
create table project_score_gene (
    record_id        BIGINT NOT NULL,   -- hash of source, content and how often that content came before
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- 2019
    gene_symbol      VARCHAR NOT NULL,  -- gene symbol (upstream: Gene)
    gene_id          VARCHAR,           -- Ensembl gene id without its version (upstream: ensemble_id)
    entrez_id        BIGINT,            -- NCBI gene id
    hgnc_id          VARCHAR,           -- HGNC:…
    description      VARCHAR,           -- name of the gene
    family           VARCHAR,           -- gene families, separated by |
    location         VARCHAR,           -- cytogenetic band
    pubmed_id        VARCHAR,           -- PubMed ids, separated by |
    vulnerable_cell_lines_perc DOUBLE check (vulnerable_cell_lines_perc between 0 and 100),  -- percent of all models that depend on it
    ribosomal_proteins BOOLEAN,  -- is in the set of ribosomal proteins
    dna_replication BOOLEAN,  -- is in the set of DNA replication
    rna_polymerase BOOLEAN,  -- is in the set of RNA polymerase
    proteasome BOOLEAN,  -- is in the set of the proteasome
    spliceosome BOOLEAN,  -- is in the set of the spliceosome
    histones BOOLEAN,  -- is in the set of histones
    curated_bagel_essential BOOLEAN,  -- is in BAGEL's curated essential genes
    curated_bagel_nonessential BOOLEAN,  -- is in BAGEL's curated non-essential genes
    adm_pancancer_cf BOOLEAN,  -- is a pan-cancer core fitness gene by ADaM
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
