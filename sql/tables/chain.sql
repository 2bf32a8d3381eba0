-- One row is a registered chain file: the way by which positions of one assembly are lifted to another.
-- derived: from the release's manifest
create table chain (
    assembly     VARCHAR NOT NULL,  -- assembly that positions come from
    to_assembly  VARCHAR NOT NULL,  -- assembly that they are lifted to
    digest       VARCHAR NOT NULL,  -- sha256 of the chain file's uncompressed text
    n_chains     BIGINT NOT NULL,   -- chains in the file
    is_simulated BOOLEAN NOT NULL,  -- the chain file is simulated
    source_file  VARCHAR NOT NULL,  -- name of the file that was registered
);
