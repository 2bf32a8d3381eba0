-- The published test split of causal eQTLs is chr9 and chr10, that of bulk RNA is chr8, and nothing else is on them.
-- severity: error
select 'lrb_eqtl' as table_name, source_file, source_line, chrom, split
from lrb_eqtl
where is_held_out(chrom, ['chr9', 'chr10']) <> (split = 'test')
union all
select 'lrb_gene', source_file, source_line, chrom, split
from lrb_gene
where is_held_out(chrom, ['chr8']) <> (split = 'test')
