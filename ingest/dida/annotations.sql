-- One row of dida_v2_full → one row of dida_annotation. Input: typed.
select
    source_line,
    DidaID as combination_id,
    DE as digenic_effect,
    Pair as pair,
    Orphanet as orphanet_id,
    Name as disease,
    AllelicState as allelic_state,
    extra
from typed
