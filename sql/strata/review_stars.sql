-- ClinVar's stars: how well a classification is founded, 0 to 4.
-- needs: review_stars
review_stars
