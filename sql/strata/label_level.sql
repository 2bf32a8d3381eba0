-- The rank of an example's label, or of the mean of its label vector (expression, CAGE), among all examples of the data set: the share of
-- the others that are lower, in half-open bins [low, high). Examples of one level are in one bin.
-- needs: label_level
-- preset quarters: 0, 0.25, 0.5, 0.75 | a quarter of the examples each
-- preset tenths: 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 | a tenth of the examples each
bin_label(
    case when label_level is not null then percent_rank() over (partition by label_level is null order by label_level) end,
    $edges
)
