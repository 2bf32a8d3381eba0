-- One row is one metric of one predictor on one stratum of a task.
-- derived: the shape of what task.score() and "lrbstore score" give
create table score (
    task            VARCHAR NOT NULL,  -- name of the task
    split           VARCHAR,           -- split that was scored; null where published and not said, as below
    model           VARCHAR,           -- name of the model
    predictor       VARCHAR,           -- way of predicting with it
    replicate       VARCHAR,           -- seed or replicate
    metric          VARCHAR NOT NULL,  -- name of the metric
    transform       VARCHAR,           -- transform of the labels before scoring: none or log1p
    stratifier      VARCHAR NOT NULL,  -- what the strata are by; overall for all rows together
    stratifier_hash VARCHAR,           -- digest of the stratifier's SQL; null where published
    stratum         VARCHAR,           -- name of the stratum; null where the stratifier is null
    "window"        VARCHAR,           -- window policy: lrb or strict; null where published
    seq_len         BIGINT,            -- window length in bp
    release         VARCHAR NOT NULL,  -- release of the store
    origin          VARCHAR NOT NULL,  -- computed or published
    value           DOUBLE,            -- the number; null where the metric is undefined, never 0 for that
    ci_low          DOUBLE,            -- lower end of the interval
    ci_high         DOUBLE,            -- upper end of the interval
    ci_method       VARCHAR,           -- how the interval was made; null where none was
    n               BIGINT,            -- examples in the stratum; null where published and not said
    n_pos           BIGINT,            -- positives among them, for binary labels
    n_neg           BIGINT,            -- negatives among them, for binary labels
    n_missing       BIGINT,            -- examples of the stratum without a prediction, which was allowed; n is without them
    direction       VARCHAR,           -- whether higher or lower predictions mean the positive label; a metric that takes scores sees them negated where lower
    direction_by    VARCHAR,           -- who chose the direction: declared, train (found on the training split) or chosen_on_test (on the scored rows)
    note            VARCHAR,           -- why a value is null, what was left out of a mean, or what keeps a published one from being compared
);
