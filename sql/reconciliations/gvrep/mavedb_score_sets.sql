-- MaveDB's score sets, as their metadata list them. The last number of a score set's URN stands behind its experiment's, which may have several.
select
    count(distinct urn) as mave_score_sets,
    count(distinct regexp_replace(urn, '-[0-9]+$', '')) as mave_experiments
from mave_score_set
