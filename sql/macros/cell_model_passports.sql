-- Words of the Cell Model Passports.
--   passport_flag(text)  BOOLEAN  t and f, as its CSV writes them, True and False, 1 and 0; null for anything else
--   passport_text(text)  VARCHAR  null for the `-` that stands for "none" in descriptions of a mutation

create or replace macro passport_flag(text) as
    case when lower(text) in ('t', 'true', '1') then true when lower(text) in ('f', 'false', '0') then false end;

create or replace macro passport_text(text) as nullif(nullif(text, '-'), '');
