-- Combinations that are no examples of gvrep_oligogenic, by source and reason; and how many of them GV-Rep's loader keeps all the same,
-- because it looks at the first two members only.
-- severity: report
with members as (
    select
        source,
        record_id,
        count(*) as n_members,
        bool_or(coalesce(member_type = 'cnv', false)) as has_cnv,
        bool_or(variant_id is null) as has_unresolved,
        count(*) filter (ordinal <= 2 and variant_id is not null) as n_first_two
    from combination_member
    where assembly = 'GRCh38'
    group by source, record_id
)
select
    c.source,
    case
        when c.n_members < 2 then 'fewer than two members'
        when m.record_id is null then 'not on GRCh38'
        when m.has_cnv then 'a member is a copy number variant'
        when m.has_unresolved then 'a member has no place or alleles'
        else 'another reason'
    end as reason,
    count(*) as n_combinations,
    count(*) filter (m.n_first_two = 2 and c.final_meta >= 1) as n_gvrep
from combination as c
left join members as m using (source, record_id)
anti join gvrep_oligogenic.examples as e on e.record_id = c.record_id and e.source = c.source
group by all
order by all
