-- Genes of an assembly, one row for each gene_id, whatever annotations were ingested: select * from gene_on('GRCh38') where symbol = 'TP53'.
-- hg38 and the other names that assembly_named knows are understood.
-- The row is GENCODE's where GENCODE has the gene, chrX's where a pseudoautosomal gene has two; cage_tss_pos is from whichever has one.
--   annotations      every annotation that has the gene
--   symbol_rank      1 for the one gene to take where several bear the symbol: HGNC's own first, then protein-coding ones, then by gene_id
create or replace macro gene_on(on_assembly) as table
    with chosen as (
        select
            * replace (max(cage_tss_pos) over same as cage_tss_pos),
            list_sort(list_distinct(list(annotation) over same)) as annotations,
            row_number() over (
                partition by gene_id
                order by coalesce(is_par_y, false), source <> 'gencode', source, annotation desc, source_file, source_line
            ) as nth
        from gene
        where assembly = assembly_named(on_assembly)
        window same as (partition by gene_id)
    )
    select
        * exclude (nth),
        case
            when symbol is not null
                then row_number() over (
                    partition by symbol
                    order by hgnc_id is null, coalesce(gene_type <> 'protein_coding', true), gene_id
                )
        end as symbol_rank
    from chosen
    where nth = 1;
