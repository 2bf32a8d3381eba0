-- All members on chr1, chr2, chr9 or chr10: no window of a test example lies on a chromosome of a training example.
select * from gvrep_oligogenic.examples where all_held_out(chroms, ['chr1', 'chr2', 'chr9', 'chr10'])
