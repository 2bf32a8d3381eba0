-- The disease that an example asks about.
-- needs: disease
disease
