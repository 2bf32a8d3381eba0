-- One row of a score CSV → one row of mave_score. Input: typed, file (the score sets that are loaded together, each with its facts),
-- annotation (mapped HGVS by file_no and accession). source_line holds file_no from bit 40 on.
--
-- The version of a RefSeq accession tells the assembly: NC_000013.10 is GRCh37's chr13, NC_000013.11 GRCh38's. NC_012920.1 is in both; MaveDB
-- maps to GRCh38. Only substitutions get alleles: a deletion's or insertion's HGVS does not spell the bases that REF and ALT need.
with mapped as (
    select
        t.*,
        f.urn, f.licence, f.gene_id, f.gene_symbol, f.target_name, f.target_sequence_type,
        length(f.target_sequence) as target_length,
        -- Positions count along the target only where there is one target, in bases.
        case when f.n_targets = '1' and f.target_sequence_type = 'dna' then f.target_sequence end as target,
        coalesce(
            a.hgvs_g,
            t.post_mapped_hgvs_g,
            case when regexp_full_match(t.hgvs_nt, 'NC_\d+\.\d+:[gm]\..*') then t.hgvs_nt end
        ) as hgvs_g,
        a.vrs_digest,
        a.clingen_allele_id,
        regexp_extract(
            t.hgvs_nt,
            '^(?:([^:]+):)?([cngmo])\.(\d+)(?:_(\d+))?(=|([ACGT]+)>([ACGT]+)|del([ACGT]*)(?:ins([ACGT]+))?|ins([ACGT]+))$',
            ['label', 'kind', 'first', 'last', 'change', 'was', 'becomes', 'deleted', 'replaced', 'inserted']
        ) as nt,
        split_part(coalesce(t.hgvs_nt, t.hgvs_splice, t.hgvs_pro), ':', -1) as said
    from typed as t
    join file as f on f.file_no = t.source_line >> 40
    left join annotation as a on a.accession = t.accession and a.file_no = f.file_no
),

placed as (
    select
        m.*,
        regexp_extract(m.hgvs_g, '^(NC_\d+\.\d+):[gm]\.(\d+)([ACGT])>([ACGT])$', ['contig', 'pos', 'ref', 'alt']) as g,
        try_cast(m.nt.first as BIGINT) as first_base,
        try_cast(coalesce(nullif(m.nt.last, ''), m.nt.first) as BIGINT) as last_base
    from mapped as m
),

told as (
    select
        p.*,
        -- A change on a contig is no change at a place of the target; an insertion stands between neighbours.
        coalesce(
            p.nt.change <> '' and not starts_with(p.nt.label, 'NC_') and p.first_base >= 1
            and case
                when p.nt.inserted <> '' then p.last_base = p.first_base + 1
                when p.nt.was <> '' then length(p.nt.was) = p.last_base - p.first_base + 1
                when p.nt.deleted <> '' then length(p.nt.deleted) = p.last_base - p.first_base + 1
                else p.last_base >= p.first_base
            end,
            false
        ) as is_simple,
        case
            when p.nt.label = '' and p.last_base <= length(p.target) then p.target[p.first_base:p.last_base]
        end as cut,
        coalesce(nullif(p.nt.was, ''), nullif(p.nt.deleted, '')) as spelt
    from placed as p
),

known as (
    select n.*, c.assembly, c.chrom, c.length, try_cast(n.g.pos as BIGINT) as pos
    from told as n
    left join contig_alias as c
        on c.alias = n.g.contig and (n.g.contig <> 'NC_012920.1' or c.assembly = 'GRCh38')
)

select
    k.source_line,
    k.urn,
    k.accession,
    variant_id(k.assembly, k.chrom, k.pos, k.g.ref, k.g.alt) as variant_id,
    k.assembly,
    k.chrom,
    case when k.chrom is not null then k.pos end as pos,
    case when k.chrom is not null then k.g.ref end as ref,
    case when k.chrom is not null then k.g.alt end as alt,
    k.gene_id,
    k.gene_symbol,
    'score' as label_name,
    k.score as label_value,
    k.hgvs_nt,
    k.hgvs_splice,
    k.hgvs_pro,
    k.hgvs_g,
    k.vrs_digest,
    k.clingen_allele_id,
    k.score,
    k.sd,
    k.se,
    case
        when k.said is null or k.said = '_sy' then null
        when k.said = '_wt' or regexp_full_match(k.said, 'p\.=|[cngmor]\.(\d+(_\d+)?)?=') then 0
        else length(k.said) - length(replace(k.said, ';', '')) + 1
    end as n_changes,
    coalesce(k.said = '_wt' or regexp_full_match(k.said, 'p\.=|[cngmor]\.(\d+(_\d+)?)?='), false) as is_wild_type,
    coalesce(
        k.said = '_sy' or k.hgvs_pro = '_sy'
        or (k.hgvs_pro is not null and regexp_full_match(split_part(k.hgvs_pro, ':', -1), 'p\.(\(=\)|\(?[A-Z][A-Za-z]{2}\d+=\)?)')),
        false
    ) as is_synonymous,
    nullif(regexp_extract(k.hgvs_nt, '^([^:]+):', 1), '') as target_label,
    case when k.is_simple then k.first_base end as target_pos,
    case when k.is_simple then k.last_base end as target_end,
    case when not k.is_simple then null when k.nt.inserted <> '' then '' else coalesce(k.spelt, k.cut) end as target_ref,
    case
        when not k.is_simple then null
        when k.nt.change = '=' then k.cut
        else concat(k.nt.becomes, k.nt.replaced, k.nt.inserted)
    end as target_alt,
    case when k.is_simple then k.spelt = k.cut end as target_ref_matches,
    k.target_name,
    k.target_sequence_type,
    k.target_length,
    k.licence,
    k.extra,
    case
        when split_part(k.accession, '#', 1) <> k.urn then 'accession: ''' || k.accession || ''' is not of ' || k.urn
        when k.pos > k.length then 'hgvs_g: ' || k.pos || ' is beyond the end of ' || k.chrom || ' (' || k.length || ' bp)'
    end as reject_reason
from known as k
