-- Rows of MaveDB with a nucleotide change that are no examples of gvrep_mave_construct, by the reason; and how many of them GV-Rep keeps,
-- by its own definition: with a score, and a first target of DNA.
-- severity: report
with target as (
    select urn, source_version, max(n_targets) as n_targets, bool_or(target_sequence_type = 'dna') as is_dna
    from mave_score_set
    group by all
)
select
    case
        when m.score is null then 'no score'
        when t.urn is null then 'no metadata of the score set'
        when t.n_targets > 1 then 'several targets'
        when t.is_dna is null then 'the target has no sequence'
        when not t.is_dna then 'the target is a protein'
        when starts_with(m.hgvs_nt, 'NC_') then 'a change on a chromosome'
        when m.n_changes > 1 then 'several changes that are not understood'
        else 'a change that is not understood'
    end as reason,
    count(*) as n_rows,
    count(*) filter (m.score is not null and t.is_dna) as n_gvrep
from mave_score as m
left join target as t using (urn, source_version)
anti join gvrep_mave_construct.examples as e on e.record_id = m.record_id
where m.hgvs_nt is not null
group by all
order by all
