-- GTEx's ids taken apart, and what the four kinds of GTEx file have in common.
--
--   gtex_variant(id)       'chr1_902173_GGTGT_G_b38' → {contig, pos, ref, alt}: pos 1-based BIGINT, alleles in upper case; fields are null
--                          where the id is not written so
--   gtex_phenotype(id)     'chr1:15947:16607:clu_40978:ENSG00000227232.5' → {contig, "start", "end", cluster_id, gene_id}: start and end as
--                          LeafCutter writes them, the 1-based last base of the exon before the intron and the 1-based first base behind it
--   gtex_gene(id)          'ENSG00000227232.5' → {gene_id, gene_version}: the id without its version, and the version
--   gtex_significance(p_value, threshold)   'significant' below the gene's own threshold, else 'not_significant'; null without either
--   gtex_misplaced(columns, contig, chrom, length, pos, ref, alt, assembly)
--                          why a row's locus or alleles cannot be taken, else null. `columns` are upstream's names for contig, position, REF
--                          and ALT; `contig` is its spelling, `chrom` and `length` those of contig_alias.
--   gtex_unreadable(id, contig, …)   the same for a locus that stands in the column variant_id alone
--   gtex_intron_unreadable(id, contig, chrom, assembly)   why a phenotype_id cannot be taken, else null

create or replace macro gtex_variant(id) as
    list_transform(
        [regexp_extract(id, '^(.+)_([0-9]{1,18})_([^_]+)_([^_]+)_b38$', ['contig', 'pos', 'ref', 'alt'])],
        lambda cut_: {
            'contig': nullif(cut_.contig, ''),
            'pos': try_cast(cut_.pos as BIGINT),
            'ref': upper(nullif(cut_.ref, '')),
            'alt': upper(nullif(cut_.alt, ''))
        }
    )[1];

create or replace macro gtex_phenotype(id) as
    list_transform(
        [regexp_extract(id, '^([^:]+):([0-9]{1,18}):([0-9]{1,18}):([^:]+):([^:]+)$', ['contig', 'first', 'last', 'cluster_id', 'gene_id'])],
        lambda cut_: {
            'contig': nullif(cut_.contig, ''),
            'start': try_cast(cut_.first as BIGINT),
            'end': try_cast(cut_.last as BIGINT),
            'cluster_id': nullif(cut_.cluster_id, ''),
            'gene_id': nullif(cut_.gene_id, '')
        }
    )[1];

create or replace macro gtex_gene(id) as {
    'gene_id': split_part(id, '.', 1),
    'gene_version': try_cast(nullif(split_part(id, '.', 2), '') as BIGINT)
};

create or replace macro gtex_significance(p_value, threshold) as
    case when p_value < threshold then 'significant' when p_value >= threshold then 'not_significant' end;

create or replace macro gtex_misplaced(columns, contig, chrom, length, pos, ref, alt, assembly) as
    case
        when chrom is null then columns[1] || ': contig ''' || coalesce(contig, '') || ''' is not in ' || assembly
        when pos > length then columns[2] || ': ' || pos || ' is beyond the end of ' || chrom || ' (' || length || ' bp)'
        when not is_bases(ref) then columns[3] || ': ''' || ref || ''' is not a sequence of A, C, G, T or N'
        when not is_bases(alt) then columns[4] || ': ''' || alt || ''' is not a sequence of A, C, G, T or N'
    end;

create or replace macro gtex_unreadable(id, contig, chrom, length, pos, ref, alt, assembly) as
    case
        when id is null then 'variant_id is missing'
        when contig is null then 'variant_id: ''' || id || ''' is not written chrom_pos_ref_alt_b38'
        else gtex_misplaced(['variant_id', 'variant_id', 'variant_id', 'variant_id'], contig, chrom, length, pos, ref, alt, assembly)
    end;

create or replace macro gtex_intron_unreadable(id, contig, chrom, assembly) as
    case
        when id is null then 'phenotype_id is missing'
        when contig is null then 'phenotype_id: ''' || id || ''' is not written chrom:start:end:cluster:gene'
        when chrom is null then 'phenotype_id: contig ''' || contig || ''' is not in ' || assembly
    end;
