-- One row per SNP and trait of the GWAS Catalog whose alleles the store's other tables know, by rs number and position: the first of its
-- associations that GV-Rep's loader would keep, or else the first, in the file's order.
with asked as (
    select
        record_id, random_split_42, assembly, chrom, pos, rs_id, trait, risk_allele, risk_allele_frequency, p_value, neg_log10_p, effect, effect_kind,
        effect_unit, study_accession, pubmedid, source_file, source_line,
        or_or_beta is not null and ci_text is not null and risk_allele_frequency_text is not null as is_gvrep_row
    from gwas_association
    where assembly = 'GRCh38' and risk_allele is not null and rs_id is not null and pos is not null
        and trait is not null and neg_log10_p is not null
),
firsts as (
    select *, count(*) over (partition by chrom, pos, rs_id, trait) as n_associations
    from asked
    qualify row_number() over (
        partition by chrom, pos, rs_id, trait order by is_gvrep_row desc, source_file, source_line
    ) = 1
),
-- Each pair of alleles once, and only at places that are asked about: millions of records come down to as many rows as there are SNPs.
alleles as (
    select distinct v.chrom, v.pos, v.rs_id, v.ref, v.alt
    from variant_record as v
    semi join asked as a on a.rs_id = v.rs_id and a.chrom = v.chrom and a.pos = v.pos
    where v.assembly = 'GRCh38' and v.ref is not null and v.alt is not null and v.ref <> v.alt
),
-- The risk allele is either the ALT of exactly one pair, or the REF of the only pair; all else is left alone, other strands too.
paired as (
    select
        f.*,
        count(*) filter (f.risk_allele = a.alt) as n_as_alt,
        count(*) filter (f.risk_allele = a.ref) as n_as_ref,
        count(*) as n_alleles,
        any_value(a.ref) filter (f.risk_allele in (a.ref, a.alt)) as ref,
        any_value(a.alt) filter (f.risk_allele in (a.ref, a.alt)) as alt
    from firsts as f
    join alleles as a on a.rs_id = f.rs_id and a.chrom = f.chrom and a.pos = f.pos
    group by all
)
select
    p.record_id::VARCHAR as example_id,
    p.assembly,
    p.chrom,
    p.pos,                           -- 1-based: the window's anchor
    p.ref,
    p.alt,
    replace(p.chrom, 'chr', '') as chromosome,
    p.neg_log10_p as label,
    p.p_value,                       -- GV-Rep's own label; 0 where it underflows
    case p.effect_kind when 'odds_ratio' then ln(p.effect) else p.effect end
    * case when p.n_as_alt = 1 then 1 else -1 end as effect_alt,  -- effect of ALT, in effect_alt_unit
    case p.effect_kind when 'odds_ratio' then 'log odds ratio' when 'beta' then p.effect_unit end as effect_alt_unit,  -- unit of effect_alt
    p.effect_kind,                   -- of the published effect: odds_ratio, beta or unknown
    p.risk_allele,                   -- the allele that the effect is of, as the catalogue has it
    case when p.n_as_alt = 1 then 'alt' else 'ref' end as risk_allele_is,  -- which of the two the risk allele is: alt or ref
    p.ref || p.alt in ('AT', 'TA', 'CG', 'GC') as is_palindromic,  -- both strands have the same two alleles: which was read is not told
    p.risk_allele_frequency,         -- 0 to 1, as the study gives it
    p.trait,                         -- the study's trait, as the catalogue names it
    p.rs_id,
    p.is_gvrep_row,                  -- GV-Rep's loader keeps it: effect, interval and frequency are not empty
    p.n_associations,                -- rows of the catalogue for this SNP and trait
    variant_id(p.assembly, p.chrom, p.pos, p.ref, p.alt) as variant_id,
    p.study_accession,               -- the study (GCST…)
    p.pubmedid,                      -- PubMed's id of its paper
    p.record_id,
    p.random_split_42,               -- part of this record in the random split under seed 42
    p.source_file,
    p.source_line
from paired as p
where (p.n_as_alt = 1 and p.n_as_ref = 0) or (p.n_as_ref = 1 and p.n_as_alt = 0 and p.n_alleles = 1)
order by p.source_file, p.source_line
