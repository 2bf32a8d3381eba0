-- Project Score's combined matrix: rows are genes, columns are screens. A model that both centres screened has two columns.
with screen as (
    select count(*) as n_screens, count(distinct model_id) as n_models, sum(n_genes) filter (screen_number = 0) as n_first
    from knockout_screen
    where source = 'project_score'
),
gene as (
    select count(distinct gene_symbol) as n_genes from knockout_gene where source = 'project_score'
),
score as (
    select count(*) as n_scores from knockout_score where source = 'project_score'
)
select
    n_genes as knockout_genes,
    n_screens as knockout_columns,
    n_models as knockout_models,
    n_genes * n_screens as knockout_cells,
    n_scores as knockout_scores,
    n_first as knockout_first_column
from screen
cross join gene
cross join score
