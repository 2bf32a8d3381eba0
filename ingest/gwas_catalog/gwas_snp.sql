-- The SNPs of each accepted association: item i of SNPS with item i of the other lists where these are as long.
-- Input: accepted (the chunk's rows of gwas_association), contig_alias.
with lists as (
    select
        source, source_version, record_id, assembly, source_file, source_line,
        gwas_list(snps) as items,
        gwas_list(strongest_snp_risk_allele) as alleles,
        gwas_list(chr_id) as chroms,
        gwas_list(chr_pos) as places
    from accepted
),
items as (
    select *, unnest(range(1, len(items) + 1)) as ordinal from lists
)
select
    i.source, i.source_version, i.record_id, i.ordinal,
    i.items[i.ordinal] as snp,
    gwas_rs(i.items[i.ordinal]) as rs_id,
    case when len(i.alleles) = len(i.items) then gwas_risk_allele(i.alleles[i.ordinal]) end as risk_allele,
    i.assembly,
    c.chrom,
    case when len(i.places) = len(i.items) and c.chrom is not null then try_cast(i.places[i.ordinal] as BIGINT) end as pos,
    i.source_file, i.source_line
from items as i
left join contig_alias as c
    on c.assembly = i.assembly and len(i.chroms) = len(i.items) and c.alias = gwas_chrom(i.chroms[i.ordinal])
order by i.source_line, i.ordinal
