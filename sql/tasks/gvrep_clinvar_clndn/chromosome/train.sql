-- Every chromosome but chr9 and chr10.
select * from gvrep_clinvar_clndn.examples where not is_held_out(chrom, ['chr9', 'chr10'])
