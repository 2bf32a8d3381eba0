-- GTEx v8 eQTL: all significant pairs of variant and gene, which GV-Rep does not read.
select count(*) as eqtl_pairs
from gtex_eqtl_pair
