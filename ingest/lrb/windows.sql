-- One row of sequences_coordinates.csv → one row of cage_window. Input: typed (upstream's columns with their types), file (one row of
-- constants), shard_key (the label arrays that the shards hold).
select
    p.source_line, p.assembly, p.contig as chrom, p.start - 1 as start, p.stop - 1 as "end", p.split, p.npy_idx, null::BIGINT as label_row,
    case
        when p.chrom is null then 'chrom is missing'
        when p.contig is null then 'chrom: contig ''' || p.chrom || ''' is not in ' || p.assembly
        when p.stop - p.start not in (114688, 131072)
            then 'stop - start is ' || (p.stop - p.start) || '; expected 114688 (the labelled bins) or 131072 (the Basenji window)'
        when k.npy_idx is null and p.split in ('train', 'validation', 'test') and p.npy_idx is not null
            then 'no array target-' || replace(p.split, 'validation', 'valid') || '-' || p.npy_idx || '.npy is in the shards that were given'
    end as reject_reason
from (
    select t.*, c.chrom as contig, c.length, f.assembly
    from typed as t cross join file as f left join contig_alias as c on c.assembly = f.assembly and c.alias = t.chrom
) as p
left join shard_key as k on k.split = p.split and k.npy_idx = p.npy_idx
