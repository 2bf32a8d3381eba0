-- OLIDA's own list of diseases.
select count(*) as olida_disease_rows
from olida_disease
