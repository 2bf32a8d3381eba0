-- One row per combination of two variants or more whose members all have a place and alleles on GRCh38; lists are in member order.
-- Combinations with a member that has none, a copy number variant say, are no examples: audit combinations_that_are_no_examples.
with members as (
    select
        source,
        record_id,
        count(*) as n_members,
        bool_and(coalesce(member_type = 'small_variant' and variant_id is not null and is_bases(ref) and is_bases(alt), false)) as is_resolved,
        list(chrom order by ordinal) as chroms,
        list(pos order by ordinal) as positions,
        list(ref order by ordinal) as refs,
        list(alt order by ordinal) as alts,
        list(variant_id order by ordinal) as variant_ids,
        list(gene_symbol order by ordinal) as gene_symbols,
        list(zygosity order by ordinal) as zygosities
    from combination_member
    where assembly = 'GRCh38'
    group by source, record_id
)
select
    c.record_id::VARCHAR as example_id,
    'GRCh38' as assembly,            -- of all members
    m.chroms[1] as chrom,            -- the first member's; splits look at all of them
    m.chroms,                        -- the members' contigs
    m.positions,                     -- 1-based: anchors of the windows
    m.refs,                          -- the members' reference alleles
    m.alts,                          -- the members' alternative alleles
    list_transform(m.chroms, lambda contig: replace(contig, 'chr', '')) as chromosomes,  -- chroms without chr
    c.label,
    c.disease,                       -- as the source names it; null for neutral combinations
    m.variant_ids,                   -- the members' keys of variant
    m.gene_symbols,                  -- null where the source does not name them
    m.zygosities,                    -- as the source gives them; null where it does not
    c.n_members,
    c.combination_id,
    case when c.source = 'neutral_combinations' then split_part(c.combination_id, ':', 1) else c.source end
        as combination_set,          -- the source, or which of the neutral sets
    c.source = 'neutral_combinations' or c.final_meta >= 1 as is_gvrep_example,  -- GV-Rep's loader keeps it, with its first two members
    c.oligogenic_effect,
    c.final_meta,
    c.source,
    c.licence,
    c.record_id,
    c.random_split_42,
    c.source_file,
    c.source_line
from combination as c
join members as m using (source, record_id)
where m.is_resolved and m.n_members = c.n_members and c.n_members >= 2
order by c.label desc, c.source, c.source_file, c.source_line
