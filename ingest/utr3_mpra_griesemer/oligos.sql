-- One record of a library's FASTA → one row of oligo for each of its names.
with named as (
    select source_line, upper(sequence) as sequence, unnest(string_split(name, '/')) as name, generate_subscripts(string_split(name, '/'), 1) - 1 as sub_row
    from typed
),

-- The allele stands inside the name (rs1_ref_2, rs1_5'_End_alt): without it, it is the variant's name. Of a name with two marks (an oligo
-- with further changes: rs1_ref_bash_v1G has one, rs1_ref_alt two) nothing is taken.
marked as (
    select *, case when len(regexp_extract_all(name, '_(ref|alt)(_|$)')) = 1 then regexp_extract(name, '_(ref|alt)(_|$)', 1) end as allele
    from named
)

select
    m.source_line,
    m.sub_row,
    m.name as oligo_id,
    case when m.allele is not null then regexp_replace(m.name, '_(ref|alt)(_|$)', '\2') end as variant_name,
    m.allele,
    nullif(regexp_extract(m.name, '^rs[0-9]+'), '') as rs_id,
    case when c.chrom is not null then f.assembly end as assembly,
    c.chrom,
    case when c.chrom is not null then regexp_extract(m.name, '^[0-9XY]+_([0-9]+)_', 1)::BIGINT end as pos,
    f.library,
    md5(m.sequence) as sequence_id,
    m.sequence,
    length(m.sequence) as n_bases,
    len(regexp_extract_all(m.sequence, '[GC]')) / length(m.sequence) as gc,
    case when m.sequence is null then 'the record has no sequence' when m.name = '' then 'the record has no name' end as reject_reason
from marked as m
cross join file as f
left join contig_alias as c on c.assembly = f.assembly and c.alias = nullif(regexp_extract(m.name, '^([0-9XY]+)_[0-9]+_', 1), '')
