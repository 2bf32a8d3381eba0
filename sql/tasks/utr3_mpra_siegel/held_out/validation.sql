-- A tenth of the groups of oligos.
select * from utr3_mpra_siegel.examples where md5_number_upper(oligo_group) % 10 = 8
