-- One row is one variant of one sample that clinicians have verified (a row of GV-Rep's verified_real_clinvar.csv).
-- unites: variant_record
create table verified_variant (
    record_id        BIGINT NOT NULL,   -- hash of source, content (without the sample's id) and how often that content came before
    random_split_42  VARCHAR NOT NULL,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source           VARCHAR NOT NULL,  -- verified_variants
    source_version   VARCHAR NOT NULL,  -- the Zenodo record that publishes the file
    variant_id       VARCHAR,           -- key of variant; null for insertions and deletions: ANNOVAR's - cannot be written as in VCF without a genome
    assembly         VARCHAR NOT NULL,  -- GRCh38
    chrom            VARCHAR NOT NULL,  -- canonical contig (upstream: Chr_hg38)
    pos              BIGINT NOT NULL check (pos >= 1),  -- 1-based position as ANNOVAR gives it (upstream: Start_hg38): for a deletion its first base, for an insertion the base before
    ref              VARCHAR,           -- reference allele, upper case; null for insertions and deletions
    alt              VARCHAR,           -- alternative allele, upper case; null for insertions and deletions
    rs_id            VARCHAR,           -- avsnp147 where it is one dbSNP id
    gene_symbol      VARCHAR,           -- gene symbol (upstream: Gene.refGene), several as given
    trait            VARCHAR,           -- phenotype in HGMD (upstream: HGMD_Phen); has HGMD's own terms
    label_name       VARCHAR NOT NULL,  -- class
    label_text       VARCHAR,           -- the class as upstream gives it (upstream: Class)
    class_side       VARCHAR check (class_side in ('pathogenic', 'benign')),  -- the class as one of two sides, null for neither: see the macro verified_class
    upstream_ref     VARCHAR NOT NULL,  -- reference allele as given; - for an insertion (upstream: Ref)
    upstream_alt     VARCHAR NOT NULL,  -- alternative allele as given; - for a deletion (upstream: Alt)
    end_pos          BIGINT,            -- 1-based last base of the reference allele (upstream: End_hg38)
    sample_pseudonym VARCHAR,           -- sample 1, sample 2 … in the order of the file: patients' sample ids are not stored, nor a hash of them, which a list of ids would undo
    func_refgene     VARCHAR,           -- where in the gene (upstream: Func.refGene)
    exonic_func_refgene VARCHAR,        -- effect on the protein (upstream: ExonicFunc.refGene)
    aa_change_refgene VARCHAR,          -- change of the protein, by transcript (upstream: AAChange.refGene)
    avsnp147         VARCHAR,           -- dbSNP 147 id as given
    extra            VARCHAR,           -- JSON: columns that the file has beyond the known ones; without any whose name speaks of samples, patients or families
    source_file      VARCHAR NOT NULL,  -- upstream file
    source_line      BIGINT NOT NULL,   -- line in that file, 1-based, header included
);
