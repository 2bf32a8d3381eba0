-- The contig of an example.
-- needs: chrom
chrom
