-- The canonical tissue of an example.
-- needs: tissue
tissue
