-- The molecular consequence that the source gives first (ClinVar: the first term of MC).
-- needs: molecular_consequence
molecular_consequence
