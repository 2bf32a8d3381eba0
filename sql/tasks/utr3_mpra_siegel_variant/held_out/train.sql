-- Eight of ten groups of oligos: no variant, no pair and no sequence is in two splits.
select * from utr3_mpra_siegel_variant.examples where md5_number_upper(oligo_group) % 10 < 8
