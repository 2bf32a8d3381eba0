-- One row is one gene's fitness when it is knocked out in one screen of one cell model. Opposite conventions stand side by side in score;
-- essentiality turns them one way, but not onto one scale: compare ranks within a score_unit, not numbers across.
create view gene_knockout as
with screen as materialized (  -- screens with their models first: a filter on the model then reaches the Parquet as one on screen_id
    select s.*, b.cell_model_id
    from knockout_screen as s
    join cell_bridge as b on b.source = s.source and b.model_id = s.model_id
)
select
    k.record_id,        -- key, of the file and the cell's place in it
    k.random_split_42,  -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    k.source,           -- name of the source
    k.source_version,   -- the provider's version
    k.gene_symbol,      -- gene symbol as the matrix has it
    k.gene_id,          -- Ensembl gene id without its version, where the matrix gives one
    k.entrez_id,        -- NCBI gene id, where the matrix gives one
    s.cell_model_id,    -- canonical id of the cell model, key of cell_model
    s.model_id,         -- the cell model as the matrix names it
    k.screen_id,        -- key of knockout_screen: a model that was screened twice has two
    s.screen_number,    -- place of the screen in its file, from 0: GV-Rep takes 0 of Project Score's matrix, and no other
    s.centre,           -- where it was screened, where the matrix says
    s.qc_pass,          -- whether the provider's quality control passed the screen, where the matrix says
    k.score,            -- fitness effect as the provider gives it
    s.score_unit,       -- what the number is: scaled Bayes factor, Chronos gene effect, MAGeCK beta …
    s.higher_means,     -- what a higher score means: more essential (Bayes factors) or less essential (Chronos, beta, fold change)
    case when s.higher_means = 'more essential' then k.score else -k.score end as essentiality,  -- the score, turned: higher is more essential
    k.source_file,      -- upstream file
    k.source_line,      -- line in that file, 1-based, header included
    k.source_column,    -- column in that line, 1-based
from knockout_score as k
join screen as s on s.screen_id = k.screen_id and s.source = k.source and s.source_version = k.source_version;
