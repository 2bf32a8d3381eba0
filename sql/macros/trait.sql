-- Ontology ids of traits in one spelling, `MONDO:0005148`, from what sources write: 'http://purl.obolibrary.org/obo/MONDO_0005148',
-- 'MONDO:MONDO:0005148,MedGen:C0011860'. Of several, MONDO goes before EFO, HP and Orphanet; null where there is none of a known form.
create or replace macro trait_curie(text) as
    coalesce(
        'MONDO:' || nullif(regexp_extract(text, 'MONDO[:_]([0-9]+)', 1), ''),
        'EFO:' || nullif(regexp_extract(text, 'EFO[:_]([0-9]+)', 1), ''),
        'HP:' || nullif(regexp_extract(text, '\bHP[:_]([0-9]+)', 1), ''),
        'Orphanet:' || nullif(regexp_extract(text, 'Orphanet[:_]([0-9]+)', 1), ''),
        nullif(regexp_replace(regexp_extract(text, '^https?://\S*/([A-Za-z]+_[0-9]+)$', 1), '_', ':'), '')
    );
