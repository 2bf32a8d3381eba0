-- One row per ALT allele of ClinVar and one of the 100 most frequent diseases: each allele that ClinVar names the disease for, and equally
-- many others, drawn by hash among the alleles that it names some disease for, but not this one.
with named as (
    select distinct t.record_id, t.trait as disease
    from record_trait as t
    semi join clinvar_record as c on c.record_id = t.record_id and c.assembly = 'GRCh38' and c.alt is not null and c.clndn is not null
    where t.source = 'clinvar' and t.trait not in ('not provided', 'not specified')
),
diseases as (
    select disease, count(*) as n_named from named group by disease order by n_named desc, disease limit 100
),
-- All alleles in one shuffled circle, and for each disease a stretch of it that begins where the disease's name says: no pair is drawn that
-- is not looked at, and the draw is the same at every query.
circle as (
    select
        record_id,
        row_number() over (order by md5_number_upper(record_id::VARCHAR), record_id) - 1 as place,
        count(*) over () as n_records
    from (select distinct record_id from named)
),
stretches as (
    select
        d.disease,
        d.n_named,
        unnest(range(least(n.n_records, 2 * d.n_named + 100))) as step,
        ((md5_number_upper(d.disease) % n.n_records)::BIGINT + step) % n.n_records as place
    from diseases as d
    cross join (select count(*) as n_records from circle) as n
),
others as (
    select s.disease, c.record_id
    from stretches as s
    join circle as c using (place)
    anti join named as m on m.record_id = c.record_id and m.disease = s.disease
    qualify row_number() over (partition by s.disease order by s.step) <= s.n_named
),
asked as (
    select record_id, disease, 1::BIGINT as label from named semi join diseases using (disease)
    union all
    select record_id, disease, 0 from others
)
select
    e.record_id::VARCHAR || ':' || left(md5(a.disease), 8) as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    a.disease,                       -- what is asked about, by its name in record_trait
    a.label,                         -- 1 where one of the record's diseases is this one
    (clinvar_gvrep_disease(e.clndn) = clinvar_gvrep_disease(replace(a.disease, ' ', '_')))::BIGINT
        as gvrep_label,              -- 1 where GV-Rep's class is this disease
    clinvar_gvrep_disease(e.clndn) as gvrep_disease,  -- GV-Rep's class: one text for all of the record's diseases, cut at the first comma
    e.clndn,                         -- all diseases as the file joins them
    e.variant_id,
    e.variation_id,
    e.rs_id,
    e.gene_symbol,
    e.clnvc as variant_class,        -- GV-Rep's annotation of a ClinVar example
    e.molecular_consequence,
    e.clinical_significance,
    e.review_stars,
    e.origins,
    e.record_id,
    e.random_split_42,
    e.source_file,
    e.source_line
from asked as a
join clinvar_record as e using (record_id)
order by e.source_file, e.source_line, e.allele_ordinal, a.disease
