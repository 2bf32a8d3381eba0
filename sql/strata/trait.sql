-- The trait, or the disease, that the source names, as it spells it.
-- needs: trait
trait
