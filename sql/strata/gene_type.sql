-- The gene's biotype.
-- needs: gene_type
gene_type
