-- One row per labelled window.
select
    w.split || '-' || w.npy_idx as example_id,
    w.assembly,
    w.chrom,
    w.start,                         -- 0-based: the interval that windows are centred on
    w."end",
    replace(w.chrom, 'chr', '') as chromosome,
    w.label_row,
    w.npy_idx,
    w.split,
    w.record_id,
    w.source_file,
    w.source_line
from cage_window as w
