-- One row is a distinct sequence of the source utr3_mpra_siegel: a contig of its own, which the tasks on it cut windows from.
create view siegel_oligo as
select
    sequence_id,                                                -- md5 of the sequence: the contig's name
    any_value(sequence) as sequence,                            -- bases, 5' to 3' as synthesised
    any_value(n_bases) as n_bases,                              -- length of the sequence
    any_value(gc) as gc                                         -- share of G and C among its bases
from oligo
where source = 'utr3_mpra_siegel'
group by sequence_id;
