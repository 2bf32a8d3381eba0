-- One row is what a massively parallel reporter assay measured in one cell line: of an oligo, or of a variant's two oligos together.
-- Without coordinates: most of them are known by a name or by their sequence alone.
create table oligo_measurement (
    record_id       BIGINT NOT NULL,   -- key of the record
    variant_name    VARCHAR,           -- variant as the provider names it, with its placement in the oligo; joins to oligo
    allele          VARCHAR check (allele in ('ref', 'alt')),  -- allele of the oligo; null where both were compared, and where the provider does not say
    pair            BIGINT,            -- number of the pair of an alternative and a reference oligo in its file, from 1; null where they do not come in pairs
    sequence_id     VARCHAR,           -- md5 of the oligo's sequence, where the file has it; joins to oligo
    cell_line       VARCHAR NOT NULL,  -- cell line, as the provider spells it
    quantity        VARCHAR NOT NULL check (quantity in ('log2_fold_change', 'log2_skew', 'stability', 'stability_change')),  -- what the value is: log2 of RNA over DNA, its difference alternative minus reference, stability as published, its difference to the pair's reference
    value           DOUBLE,            -- the number; null where upstream says NA
    source          VARCHAR NOT NULL,  -- name of the source
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL    -- line in that file, 1-based, header included
);
