-- Every chromosome but chr9 and chr10.
select * from gvrep_gene_knockout.examples where not is_held_out(chrom, ['chr9', 'chr10']) order by record_id
