-- Frequency of the minor allele, in half-open bins [low, high).
-- needs: maf
-- preset common: 0, 0.01, 0.05, 0.2 | rare, low-frequency and common as population genetics usually cuts them (1 % and 5 %), and 20 %
bin_label(maf, $edges)
