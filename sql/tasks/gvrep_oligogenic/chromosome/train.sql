-- No member on chr1, chr2, chr9 or chr10.
select * from gvrep_oligogenic.examples where not any_held_out(chroms, ['chr1', 'chr2', 'chr9', 'chr10'])
