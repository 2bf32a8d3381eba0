-- N (gaps, ambiguity codes, what lies outside the contig) among the bases of the example's window, in half-open bins [low, high).
-- needs: n_share
-- preset gaps: 0, 0.001, 0.01, 0.1 | hardly any, up to 1 %, up to 10 %, more
bin_label(n_share, $edges)
