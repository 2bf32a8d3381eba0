-- The cell line of an example, as its provider spells it.
-- needs: cell_line
cell_line
