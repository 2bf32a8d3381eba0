-- A tenth of the groups of oligos.
select * from utr3_mpra_siegel_variant.examples where md5_number_upper(oligo_group) % 10 = 8
