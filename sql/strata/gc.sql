-- G and C among A, C, G and T of the example's window, in half-open bins [low, high).
-- needs: gc_share
-- preset isochores: 0, 0.37, 0.41, 0.46, 0.53 | the families L1, L2, H1, H2 and H3 of Costantini M. et al., Genome Research 16, 536 (2006)
-- preset tenths: 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 | all of the range
bin_label(gc_share, $edges)
