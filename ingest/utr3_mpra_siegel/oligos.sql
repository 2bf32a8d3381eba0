-- One accepted line → one row of oligo.
select
    null::VARCHAR as oligo_id,
    null::VARCHAR as variant_name,
    null::VARCHAR as allele,
    null::VARCHAR as rs_id,
    null::VARCHAR as assembly,
    null::VARCHAR as chrom,
    null::BIGINT as pos,
    null::VARCHAR as library,
    a.sequence_id,
    upper(t.sequence) as sequence,
    length(t.sequence) as n_bases,
    len(regexp_extract_all(upper(t.sequence), '[GC]')) / length(t.sequence) as gc,
    a.source,
    a.source_version,
    a.source_file,
    a.source_line
from (select distinct source, source_version, source_file, source_line, sequence_id from accepted) as a
join typed as t on t.source_line = a.source_line
order by a.source_line
