-- The items of Associated Variants → members, each on both assemblies.
-- Input: items (one row an item, as read), small and cnv (accepted rows of olida_variant and olida_cnv).
-- Entry Id and gene must both agree: a wrong variant is worse than a missing one.
with entries as (
    select entry_id, upper(gene_symbol) as gene_key, any_value(gene_symbol) as gene from small group by 1, 2
),
other_genes as (
    select entry_id, string_agg(gene, ', ' order by gene) as genes from entries group by 1
),
cnvs as (
    select
        assembly, entry_id, upper(gene_symbol) as gene_key, cdna,
        min_by(struct_pack(chrom, pos), source_line) as v
    from cnv
    group by 1, 2, 3, 4
),
cnv_keys as (
    select entry_id, gene_key, cdna from cnvs group by 1, 2, 3
),
genes_in_order as (
    select source_line, gene, row_number() over (partition by source_line order by min(ordinal)) as gene_ordinal
    from items
    where gene is not null
    group by source_line, gene
),
-- A copy number variant is known by its id, or, where upstream's list has none, by gene and change.
kinds as (
    select
        i.*, g.gene_ordinal,
        e.entry_id is not null as is_small,
        e.entry_id is null and exists (
            from cnv_keys as k
            where k.gene_key = upper(i.gene) and (k.entry_id = i.entry_id or (k.entry_id is null and k.cdna = i.cdna))
        ) as is_cnv,
        o.genes as other_genes
    from items as i
    left join genes_in_order as g on g.source_line = i.source_line and g.gene = i.gene
    left join entries as e on e.entry_id = i.entry_id and e.gene_key = upper(i.gene)
    left join other_genes as o on o.entry_id = i.entry_id
),
per_assembly as (
    select k.*, unnest([{'assembly': 'GRCh37', 'said': k.pos_hg19}, {'assembly': 'GRCh38', 'said': k.pos_hg38}]) as place from kinds as k
),
judged as (
    select
        b.*, b.place.assembly as on_assembly, s.variant_id as small_id, s.chrom as small_chrom, s.pos as small_pos, s.ref as small_ref,
        s.alt as small_alt,
        case
            when b.entry_id is null and b.gene is null then 'the item is not EntryId:Gene:hg19,hg38:cDNA:zygosity'
            when b.is_cnv then 'a copy number variant has no alleles'
            when not b.is_small and b.other_genes is not null
                then 'entry ' || b.entry_id || ' is of gene ' || b.other_genes || ' in SMALLVARIANT.tsv'
            when not b.is_small
                then 'entry ' || coalesce(b.entry_id, 'N.A.') || ' is not among the rows loaded from SMALLVARIANT.tsv or CNV.tsv'
            when s.pos is null then 'no position on ' || b.place.assembly || ' in SMALLVARIANT.tsv'
            when b.place.said is not null and b.place.said <> s.pos::VARCHAR
                then 'position ' || b.place.said || ' here, ' || s.pos || ' in SMALLVARIANT.tsv'
            when s.chrom is null then 'no chromosome in SMALLVARIANT.tsv'
        end as no_locus
    from per_assembly as b
    left join small as s on b.is_small and s.entry_id = b.entry_id and s.assembly = b.place.assembly
)
select
    j.source_line,
    j.ordinal,
    j.gene_ordinal,
    case when j.is_cnv then 'cnv' when j.is_small then 'small_variant' end as member_type,
    case when j.no_locus is null then j.small_id end as variant_id,
    j.on_assembly as assembly,
    case when j.is_cnv then c.v.chrom when j.no_locus is null then j.small_chrom end as chrom,
    case when j.is_cnv then c.v.pos when j.no_locus is null then j.small_pos end as pos,
    case when j.no_locus is null and j.small_id is not null then j.small_ref end as ref,
    case when j.no_locus is null and j.small_id is not null then j.small_alt end as alt,
    j.gene as gene_symbol,
    j.zygosity,
    j.cdna,
    j.protein,
    j.entry_id,
    j.member_text,
    case
        when j.no_locus is not null then j.no_locus
        when j.small_id is null and (j.small_ref is null or j.small_alt is null) then 'no alleles in SMALLVARIANT.tsv'
        when j.small_id is null then 'the alleles ' || j.small_ref || ' and ' || j.small_alt || ' are not spelt out in bases'
    end as unresolved
from judged as j
left join cnvs as c
    on j.is_cnv and c.assembly = j.on_assembly and c.gene_key = upper(j.gene)
    and (c.entry_id = j.entry_id or (c.entry_id is null and c.cdna = j.cdna))
qualify row_number() over (partition by j.source_line, j.ordinal, j.on_assembly order by c.entry_id, c.cdna) = 1
