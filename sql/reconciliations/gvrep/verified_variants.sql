-- The clinician-verified set: a row is a variant of a sample, so that one variant may come twice.
select
    count(*) as verified_records,
    count(distinct (assembly, chrom, pos, upstream_ref, upstream_alt)) as verified_variants,
    count(*) filter (class_side is not null and variant_id is not null) as verified_examples
from verified_variant
