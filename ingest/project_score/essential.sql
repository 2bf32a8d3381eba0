-- One row of the essential genes → one row of project_score_gene.
select
    t.source_line,
    t.Gene as gene_symbol,
    split_part(t.ensemble_id, '.', 1) as gene_id,
    t.entrez_id, t.hgnc_id, t.description, t.family, t.location, t.pubmed_id,
    t.Vulnerable_Cell_lines_perc as vulnerable_cell_lines_perc,
    flag(t.Ribosomal_Proteins) as ribosomal_proteins,
    flag(t.DNA_replication) as dna_replication,
    flag(t.RNA_polymerase) as rna_polymerase,
    flag(t.Proteasome) as proteasome,
    flag(t.Spliceosome) as spliceosome,
    flag(t.Histones) as histones,
    flag(t.curated_BAGEL_essential) as curated_bagel_essential,
    flag(t.curated_BAGEL_nonEssential) as curated_bagel_nonessential,
    flag(t.ADM_PanCancer_CF) as adm_pancancer_cf,
    case
        when not is_flag(t.Ribosomal_Proteins) then 'Ribosomal_Proteins: ' || no_flag(t.Ribosomal_Proteins)
        when not is_flag(t.DNA_replication) then 'DNA_replication: ' || no_flag(t.DNA_replication)
        when not is_flag(t.RNA_polymerase) then 'RNA_polymerase: ' || no_flag(t.RNA_polymerase)
        when not is_flag(t.Proteasome) then 'Proteasome: ' || no_flag(t.Proteasome)
        when not is_flag(t.Spliceosome) then 'Spliceosome: ' || no_flag(t.Spliceosome)
        when not is_flag(t.Histones) then 'Histones: ' || no_flag(t.Histones)
        when not is_flag(t.curated_BAGEL_essential) then 'curated_BAGEL_essential: ' || no_flag(t.curated_BAGEL_essential)
        when not is_flag(t.curated_BAGEL_nonEssential) then 'curated_BAGEL_nonEssential: ' || no_flag(t.curated_BAGEL_nonEssential)
        when not is_flag(t.ADM_PanCancer_CF) then 'ADM_PanCancer_CF: ' || no_flag(t.ADM_PanCancer_CF)
        when t."Vuln_CL_perc.Bone" not between 0 and 100 then 'Vuln_CL_perc.Bone: ' || t."Vuln_CL_perc.Bone" || ' is no percentage'
        when t."Vuln_CL_perc.Breast" not between 0 and 100 then 'Vuln_CL_perc.Breast: ' || t."Vuln_CL_perc.Breast" || ' is no percentage'
        when t."Vuln_CL_perc.Central.Nervous.System" not between 0 and 100 then 'Vuln_CL_perc.Central.Nervous.System: ' || t."Vuln_CL_perc.Central.Nervous.System" || ' is no percentage'
        when t."Vuln_CL_perc.Endometrium" not between 0 and 100 then 'Vuln_CL_perc.Endometrium: ' || t."Vuln_CL_perc.Endometrium" || ' is no percentage'
        when t."Vuln_CL_perc.Esophagus" not between 0 and 100 then 'Vuln_CL_perc.Esophagus: ' || t."Vuln_CL_perc.Esophagus" || ' is no percentage'
        when t."Vuln_CL_perc.Haematopoietic.and.Lymphoid" not between 0 and 100 then 'Vuln_CL_perc.Haematopoietic.and.Lymphoid: ' || t."Vuln_CL_perc.Haematopoietic.and.Lymphoid" || ' is no percentage'
        when t."Vuln_CL_perc.Head.and.Neck" not between 0 and 100 then 'Vuln_CL_perc.Head.and.Neck: ' || t."Vuln_CL_perc.Head.and.Neck" || ' is no percentage'
        when t."Vuln_CL_perc.Large.Intestine" not between 0 and 100 then 'Vuln_CL_perc.Large.Intestine: ' || t."Vuln_CL_perc.Large.Intestine" || ' is no percentage'
        when t."Vuln_CL_perc.Lung" not between 0 and 100 then 'Vuln_CL_perc.Lung: ' || t."Vuln_CL_perc.Lung" || ' is no percentage'
        when t."Vuln_CL_perc.Ovary" not between 0 and 100 then 'Vuln_CL_perc.Ovary: ' || t."Vuln_CL_perc.Ovary" || ' is no percentage'
        when t."Vuln_CL_perc.Pancreas" not between 0 and 100 then 'Vuln_CL_perc.Pancreas: ' || t."Vuln_CL_perc.Pancreas" || ' is no percentage'
        when t."Vuln_CL_perc.Peripheral.Nervous.System" not between 0 and 100 then 'Vuln_CL_perc.Peripheral.Nervous.System: ' || t."Vuln_CL_perc.Peripheral.Nervous.System" || ' is no percentage'
        when t."Vuln_CL_perc.Stomach" not between 0 and 100 then 'Vuln_CL_perc.Stomach: ' || t."Vuln_CL_perc.Stomach" || ' is no percentage'
        when t."Bone" not in ('CF', 'CS') then 'Bone: ''' || t."Bone" || ''' is neither CF nor CS'
        when t."Breast" not in ('CF', 'CS') then 'Breast: ''' || t."Breast" || ''' is neither CF nor CS'
        when t."Central.Nervous.System" not in ('CF', 'CS') then 'Central.Nervous.System: ''' || t."Central.Nervous.System" || ''' is neither CF nor CS'
        when t."Endometrium" not in ('CF', 'CS') then 'Endometrium: ''' || t."Endometrium" || ''' is neither CF nor CS'
        when t."Esophagus" not in ('CF', 'CS') then 'Esophagus: ''' || t."Esophagus" || ''' is neither CF nor CS'
        when t."Haematopoietic.and.Lymphoid" not in ('CF', 'CS') then 'Haematopoietic.and.Lymphoid: ''' || t."Haematopoietic.and.Lymphoid" || ''' is neither CF nor CS'
        when t."Head.and.Neck" not in ('CF', 'CS') then 'Head.and.Neck: ''' || t."Head.and.Neck" || ''' is neither CF nor CS'
        when t."Large.Intestine" not in ('CF', 'CS') then 'Large.Intestine: ''' || t."Large.Intestine" || ''' is neither CF nor CS'
        when t."Lung" not in ('CF', 'CS') then 'Lung: ''' || t."Lung" || ''' is neither CF nor CS'
        when t."Ovary" not in ('CF', 'CS') then 'Ovary: ''' || t."Ovary" || ''' is neither CF nor CS'
        when t."Pancreas" not in ('CF', 'CS') then 'Pancreas: ''' || t."Pancreas" || ''' is neither CF nor CS'
        when t."Peripheral.Nervous.System" not in ('CF', 'CS') then 'Peripheral.Nervous.System: ''' || t."Peripheral.Nervous.System" || ''' is neither CF nor CS'
        when t."Stomach" not in ('CF', 'CS') then 'Stomach: ''' || t."Stomach" || ''' is neither CF nor CS'
    end as reject_reason
from typed as t
