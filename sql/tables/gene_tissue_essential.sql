-- One row is one gene in one tissue: the share of the tissue's models that depend on it. Its fitness in single screens: gene_knockout.
create table gene_tissue_essential (
    record_id        BIGINT NOT NULL,   -- key of project_score_gene
    source           VARCHAR NOT NULL,  -- name of the source
    source_version   VARCHAR NOT NULL,  -- 2019
    gene_symbol      VARCHAR NOT NULL,  -- gene symbol
    gene_id          VARCHAR,           -- Ensembl gene id without its version
    entrez_id        BIGINT,            -- NCBI gene id
    tissue           VARCHAR NOT NULL,  -- canonical tissue
    tissue_name      VARCHAR NOT NULL,  -- tissue as upstream spells it, spaces for dots
    dependent_percent DOUBLE NOT NULL check (dependent_percent between 0 and 100),  -- percent of its models that depend on the gene
    fitness_class    VARCHAR check (fitness_class in ('CF', 'CS')),  -- CF core fitness, CS context-specific; null where neither
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
