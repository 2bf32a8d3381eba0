-- Absolute distance to a transcription start site, in half-open bins [low, high) of bp; which TSS (the nearest, or the tested gene's)
-- is the task's.
-- needs: tss_distance_bp
-- preset caduceus: 0, 30000, 100000 | Caduceus, arXiv 2403.03234, Figure 4; published with both edges in, so that 30,000 and 100,000 counted twice
-- preset viztool: 0, 10000, 100000 | genomics-lrb-viztool of the benchmark's authors; half-open as here
bin_label(abs(tss_distance_bp), $edges)
