-- How many variants a combination has.
-- needs: n_members
n_members::VARCHAR
