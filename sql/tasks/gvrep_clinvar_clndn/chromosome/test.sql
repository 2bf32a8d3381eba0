-- chr9 and chr10: no window of a test example lies on a training chromosome.
select * from gvrep_clinvar_clndn.examples where is_held_out(chrom, ['chr9', 'chr10'])
