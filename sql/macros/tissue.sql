-- How a source's spelling of a tissue is compared, and how one that nothing knows is written.
--
--   tissue_key(spelling)    'Whole_Blood', 'Whole Blood' and 'Whole Blood | GTEx' → 'wholeblood'
--   tissue_plain(spelling)  'Liver | ENCODE' → 'Liver'; 'Brain_Cortex' → 'Brain Cortex'
--
-- Twin: lrbstore/vocabulary.py, compared with these macros by tests/test_vocabulary.py.

create or replace macro tissue_key(spelling) as
    regexp_replace(lower(regexp_replace(spelling, '[ \t]+\|[ \t].*$', '')), '[^a-z0-9]', '', 'g');

create or replace macro tissue_plain(spelling) as
    trim(replace(regexp_replace(spelling, '[ \t]+\|[ \t].*$', ''), '_', ' '), e' \t');
