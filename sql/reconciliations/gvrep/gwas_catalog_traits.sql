-- GWAS Catalog's trait mappings: a trait has a row for each ontology term that it stands for.
select count(distinct disease_trait) as gwas_traits
from trait_mapping
