-- One row of the inferred common essentials, AAMP (14) → one row of common_essential_gene.
select
    source_line,
    regexp_extract(Essentials, '^(.+) \([0-9]+\)$', 1) as gene_symbol,
    try_cast(regexp_extract(Essentials, ' \(([0-9]+)\)$', 1) as BIGINT) as entrez_id,
    case
        when not regexp_full_match(Essentials, '.+ \([0-9]+\)') then 'Essentials: ''' || Essentials || ''' is not SYMBOL (ENTREZ)'
    end as reject_reason
from typed
