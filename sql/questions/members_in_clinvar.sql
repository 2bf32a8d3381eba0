-- What does ClinVar say of each member of a combination?
-- One row is a member of a combination, in its order, with ClinVar's own record of the variant, or nulls where it has none.
-- $disease = '%Bardet-Biedl%': a pattern of the combination's disease, as its source names it; '%' for all, neutral ones too
-- $source = '%': a pattern of the combination's source (dida, olida, neutral_combinations); '%' for all
with members as (
    select
        m.*,
        case
            when m.variant_id is null then 'no_locus'
            when m.assembly = 'GRCh38' then 'native'
            else coalesce(l.status, 'no_chain')
        end as lift_status,
        case when m.assembly = 'GRCh38' then m.variant_id when l.status = 'mapped' then l.lifted_variant_id end as variant_id_on
    from combination_member as m
    left join variant_lift as l on l.variant_id = m.variant_id and l.to_assembly = 'GRCh38' and m.assembly <> 'GRCh38'
    where m.source like $source
    -- A source that gives a member on both assemblies has it twice: GRCh38 goes first.
    qualify row_number() over (
        partition by m.record_id, m.ordinal order by variant_id_on is not null desc, m.assembly = 'GRCh38' desc
    ) = 1
),
calls as (
    select on_38.variant_id_on, c.*
    from variant_record_on('GRCh38') as on_38
    join clinvar_record as c using (record_id)
    where on_38.source = 'clinvar' and on_38.lift_status in ('native', 'mapped') and c.clinical_significance is not null
    -- ClinVar gives a variant in a file of either assembly: likewise.
    qualify row_number() over (
        partition by coalesce(c.variation_id, c.record_id), on_38.variant_id_on
        order by on_38.lift_status = 'native' desc, c.record_id
    ) = 1
)
select
    b.source,
    b.combination_id,
    b.disease,
    b.label,                                          -- 1 disease-causing, 0 neutral
    m.ordinal,
    m.gene_symbol,
    m.zygosity,
    m.cdna,
    m.variant_id_on as variant_id,
    m.lift_status,                                    -- mapped: from GRCh37; no_chain: lrbstore chain add; no_locus: not resolved
    c.variation_id,
    c.clinical_significance,
    c.review_stars,
    c.trait as clinvar_trait,
    c.record_id as clinvar_record_id
from combination as b
join members as m on m.record_id = b.record_id
left join calls as c on c.variant_id_on = m.variant_id_on
where $disease = '%' or b.disease ilike $disease
order by b.source, b.combination_id, m.ordinal, c.variation_id;
