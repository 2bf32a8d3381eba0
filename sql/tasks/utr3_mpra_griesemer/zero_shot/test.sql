-- All examples: for models that were trained elsewhere.
select * from utr3_mpra_griesemer.examples
