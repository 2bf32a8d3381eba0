-- The score set of an example (MaveDB's URN): each has a scale of its own.
-- needs: score_set
score_set
