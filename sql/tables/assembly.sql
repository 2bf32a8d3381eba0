-- One row is an assembly: a named build of the human genome with its contigs.
-- derived: from the built-in contig lists and the genomes registered in this release
create table assembly (
    assembly          VARCHAR NOT NULL,  -- canonical name: GRCh37 or GRCh38
    n_contigs         BIGINT NOT NULL,   -- contigs known by name and length
    total_bp          BIGINT NOT NULL,   -- sum of their lengths, in bp
    is_genome_added   BOOLEAN NOT NULL,  -- true where a genome is registered, so that sequences can be cut
    is_simulated      BOOLEAN NOT NULL,  -- true where the registered genome is simulated: nothing computed from it is biology
    genome_digest     VARCHAR,           -- digest of the registered genome's sequence
    n_genome_contigs  BIGINT             -- contigs that the registered genome holds; it may hold only some
);
