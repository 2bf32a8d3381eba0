-- One row of the trait mappings → one row of trait_mapping. Input: typed (upstream's columns with their types).
select
    source_line,
    trim("Disease trait") as disease_trait,
    trim("EFO term") as efo_term,
    trim("EFO URI") as efo_uri,
    trim("Parent term") as parent_term,
    trim("Parent URI") as parent_uri,
    extra
from typed
