-- The tissues of each accepted gene: one row for each with a share. Input: accepted, typed.
with cut as (
    select source_line, 'Bone' as tissue_name, "Vuln_CL_perc.Bone" as dependent_percent, "Bone" as fitness_class
    from typed
    union all
    select source_line, 'Breast' as tissue_name, "Vuln_CL_perc.Breast" as dependent_percent, "Breast" as fitness_class
    from typed
    union all
    select source_line, 'Central Nervous System' as tissue_name, "Vuln_CL_perc.Central.Nervous.System" as dependent_percent, "Central.Nervous.System" as fitness_class
    from typed
    union all
    select source_line, 'Endometrium' as tissue_name, "Vuln_CL_perc.Endometrium" as dependent_percent, "Endometrium" as fitness_class
    from typed
    union all
    select source_line, 'Esophagus' as tissue_name, "Vuln_CL_perc.Esophagus" as dependent_percent, "Esophagus" as fitness_class
    from typed
    union all
    select source_line, 'Haematopoietic and Lymphoid' as tissue_name, "Vuln_CL_perc.Haematopoietic.and.Lymphoid" as dependent_percent, "Haematopoietic.and.Lymphoid" as fitness_class
    from typed
    union all
    select source_line, 'Head and Neck' as tissue_name, "Vuln_CL_perc.Head.and.Neck" as dependent_percent, "Head.and.Neck" as fitness_class
    from typed
    union all
    select source_line, 'Large Intestine' as tissue_name, "Vuln_CL_perc.Large.Intestine" as dependent_percent, "Large.Intestine" as fitness_class
    from typed
    union all
    select source_line, 'Lung' as tissue_name, "Vuln_CL_perc.Lung" as dependent_percent, "Lung" as fitness_class
    from typed
    union all
    select source_line, 'Ovary' as tissue_name, "Vuln_CL_perc.Ovary" as dependent_percent, "Ovary" as fitness_class
    from typed
    union all
    select source_line, 'Pancreas' as tissue_name, "Vuln_CL_perc.Pancreas" as dependent_percent, "Pancreas" as fitness_class
    from typed
    union all
    select source_line, 'Peripheral Nervous System' as tissue_name, "Vuln_CL_perc.Peripheral.Nervous.System" as dependent_percent, "Peripheral.Nervous.System" as fitness_class
    from typed
    union all
    select source_line, 'Stomach' as tissue_name, "Vuln_CL_perc.Stomach" as dependent_percent, "Stomach" as fitness_class
    from typed
)
select
    a.source, a.source_version, a.record_id, a.gene_symbol, a.gene_id, a.entrez_id,
    coalesce(v.tissue, tissue_plain(c.tissue_name)) as tissue, c.tissue_name, c.dependent_percent, c.fitness_class, a.source_file, a.source_line
from accepted as a
join cut as c using (source_line)
left join tissue_vocabulary as v on v.key = tissue_key(c.tissue_name)
where c.dependent_percent is not null
order by a.source_line, c.tissue_name
