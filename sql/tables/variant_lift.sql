-- One row is a distinct allele of variant_allele, lifted by a registered chain. Every allele of the chain's assembly has one, mapped or not.
-- history: no
create table variant_lift (
    variant_id              VARCHAR NOT NULL,  -- key of variant_allele, on the assembly that the allele comes from
    assembly                VARCHAR NOT NULL,  -- assembly that the allele comes from
    to_assembly             VARCHAR NOT NULL,  -- assembly that it is lifted to
    chain_digest            VARCHAR NOT NULL,  -- key of chain: the file by which it is lifted
    genome_digest           VARCHAR,           -- digest of the target genome that REF was compared with; null where none was registered
    status                  VARCHAR NOT NULL check (status in ('mapped', 'unmapped', 'ref_changed', 'swapped', 'indel_crosses_gap')),  -- ref_changed: the target genome has neither allele; swapped: it has ALT; indel_crosses_gap: parts lie apart there
    ref_check               VARCHAR,           -- what the target genome says of the lifted REF, as in variant; unchecked without one
    strand                  VARCHAR check (strand in ('+', '-')),  -- - where the target runs the other way and alleles are complemented
    chrom                   VARCHAR,           -- contig of the target; null unless lifted, as are all that follow
    pos                     BIGINT check (pos >= 1),  -- 1-based position of the first base of the lifted REF
    ref                     VARCHAR,           -- trimmed REF on the target's plus strand
    alt                     VARCHAR,           -- trimmed ALT on the target's plus strand
    lifted_variant_id       VARCHAR,           -- variant_id of the lifted allele
    lifted_left_aligned_id  VARCHAR,           -- its left-aligned form, where the target genome confirms REF of an indel; else that id
);
