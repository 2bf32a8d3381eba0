-- Cell models and flags, as the knockout sources write them.
--
--   model_key(name)   'NIH:OVCAR-3' → 'NIHOVCAR3': what names of cell models are compared by (twin: ingest/knockout.py)
--   flag(said)        'TRUE' → true, 'FALSE' → false, else null
--   is_flag(said)     whether it is either, or null
--   no_flag(said)     the end of a reason for rejecting what is neither

create or replace macro model_key(name) as regexp_replace(upper(name), '[^A-Z0-9]', '', 'g');

create or replace macro flag(said) as case upper(said) when 'TRUE' then true when 'FALSE' then false end;

create or replace macro is_flag(said) as said is null or upper(said) in ('TRUE', 'FALSE');

create or replace macro no_flag(said) as '''' || said || ''' is neither TRUE nor FALSE';
