-- One row is a contig of an assembly.
-- derived: from the built-in contig lists and the genomes registered in this release
create table contig (
    assembly      VARCHAR NOT NULL,  -- canonical name of the assembly
    chrom         VARCHAR NOT NULL,  -- canonical name of the contig: chr1 … chr22, chrX, chrY, chrM, and unplaced ones
    length        BIGINT NOT NULL check (length > 0),  -- in bp: the registered genome's where it holds the contig, else the assembly's own
    aliases       VARCHAR[] NOT NULL,  -- other spellings understood at the door (1, NC_000001.11, MT …)
    is_in_genome  BOOLEAN NOT NULL,  -- true where the registered genome holds its sequence
);
