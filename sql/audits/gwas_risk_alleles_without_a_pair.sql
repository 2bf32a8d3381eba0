-- Single SNPs of the GWAS Catalog on GRCh38 that cannot be examples of gvrep_gwas, by the reason; the last one may be the other strand.
-- severity: report
with asked as (
    select record_id, chrom, pos, rs_id, risk_allele from gwas_association where assembly = 'GRCh38' and kind = 'single'
),
alleles as (
    select distinct v.chrom, v.pos, v.rs_id, v.ref, v.alt
    from variant_record as v
    semi join asked as a on a.rs_id = v.rs_id and a.chrom = v.chrom and a.pos = v.pos
    where v.assembly = 'GRCh38' and v.ref is not null and v.alt is not null and v.ref <> v.alt
),
paired as (
    select
        q.record_id, q.rs_id, q.pos, q.risk_allele,
        count(a.ref) as n_alleles,
        count(*) filter (q.risk_allele = a.alt) as n_as_alt,
        count(*) filter (q.risk_allele = a.ref) as n_as_ref
    from asked as q
    left join alleles as a on a.rs_id = q.rs_id and a.chrom = q.chrom and a.pos = q.pos
    group by all
)
select
    case
        when rs_id is null or pos is null then 'no rs number or no place'
        when risk_allele is null then 'no risk allele'
        when n_alleles = 0 then 'no other source knows its alleles'
        when n_as_alt + n_as_ref > 0 then 'the risk allele stands in several pairs'
        else 'the risk allele is neither REF nor ALT'
    end as reason,
    count(*) as n_associations
from paired
where not coalesce((n_as_alt = 1 and n_as_ref = 0) or (n_as_ref = 1 and n_as_alt = 0 and n_alleles = 1), false)
    or rs_id is null or pos is null or risk_allele is null
group by all
order by all
