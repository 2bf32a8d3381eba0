-- One row of Disease → one row of olida_disease. Input: typed.
select
    source_line,
    "Disease Name" as disease,
    "Orphanet ID" as orphanet_id,
    "Omim Id" as omim_id,
    "ICD-10 ID" as icd_10_id,
    list_transform(string_split(Combinations, ';'), lambda id: trim(id)) as combination_ids,
    extra
from typed
