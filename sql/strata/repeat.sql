-- Soft-masked letters (repeats) among the bases of the example's window, in half-open bins [low, high).
-- needs: soft_masked_share
-- preset repeats: 0, 0.25, 0.5, 0.75 | fourths of the range; about half of the human genome is masked
bin_label(soft_masked_share, $edges)
