-- One row of the manifest → one row of project_score_model.
select
    t.source_line,
    t.model_id,
    t.name as model_name,
    model_key(t.name) as model_key,
    t.cosmic,
    coalesce(v.tissue, tissue_plain(t.tissue)) as tissue,
    t.tissue as tissue_name,
    t.cancer_type, t.MSI as msi, t.transduction_efficiency, t.cas9_activity, t.n_replicates, t.experiment_identifier, t.library, t.rep_qc,
    flag(t.cell_line_qc) as cell_line_qc,
    t.Hart_AUROC as hart_auroc, t.Hart_AUPRRC as hart_auprrc, t.ribosomal, t.Hart_ess_genes as hart_ess_genes,
    t.Hart_non_ess_genes as hart_non_ess_genes,
    flag(t.cell_line_high_qc) as cell_line_high_qc,
    case
        when not is_flag(t.cell_line_qc) then 'cell_line_qc: ' || no_flag(t.cell_line_qc)
        when not is_flag(t.cell_line_high_qc) then 'cell_line_high_qc: ' || no_flag(t.cell_line_high_qc)
    end as reject_reason
from typed as t
left join tissue_vocabulary as v on v.key = tissue_key(t.tissue)
