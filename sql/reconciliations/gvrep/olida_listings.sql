-- Lists of OLIDA's combinations by number, with scores: OLIDA of 2022.
select count(distinct olida_id) filter (list_kind = 'scores') as olida_2022_combinations
from olida_listing
