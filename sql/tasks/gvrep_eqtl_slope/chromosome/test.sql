-- chr9 and chr10: no window of a test example lies on a training chromosome.
select * from gvrep_eqtl_slope.examples where is_held_out(chrom, ['chr9', 'chr10'])
