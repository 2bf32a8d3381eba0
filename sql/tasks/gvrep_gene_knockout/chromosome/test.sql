-- chr9 and chr10: no window of a test example lies on a training chromosome.
select * from gvrep_gene_knockout.examples where is_held_out(chrom, ['chr9', 'chr10']) order by record_id
