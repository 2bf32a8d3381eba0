-- One row is a spelling that a source uses for a tissue.
-- history: no
create table tissue_alias (
    source  VARCHAR NOT NULL,  -- the source that spells it so; lrbstore for the built-in vocabulary
    alias   VARCHAR NOT NULL,  -- the spelling
    tissue  VARCHAR NOT NULL,  -- the canonical name it stands for
);
