-- The molecular consequence that the source gives first (ClinVar: the first term of MC; Cell Model Passports: its own word).
-- needs: molecular_consequence
molecular_consequence
