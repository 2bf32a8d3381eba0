-- Coordinates. A position `pos` is 1-based, as in VCF and GTF. An interval [start_, end_) is 0-based and half-open, as in BED: its
-- first base has the position start + 1, its last one the position end. Here is the only place where one is turned into the other.
-- Every macro gives null when an argument is null. Python twins with the same names: lrbstore/coordinates.py.

-- The 0-based start of the base at a 1-based position.
create or replace macro start_of_pos(pos) as pos - 1;

-- The 1-based position of the base at a 0-based start.
create or replace macro pos_of_start(start_) as start_ + 1;

-- Bases in an interval.
create or replace macro interval_length(start_, end_) as end_ - start_;

-- Whether two intervals on one contig share at least one base. Intervals that touch share none, and an empty interval shares none.
-- Written as inequalities between the two sides, so that DuckDB can join on them.
create or replace macro interval_overlaps(start_a, end_a, start_b, end_b) as
    start_a < end_b and start_b < end_a and start_a < end_a and start_b < end_b;

-- How many bases two intervals on one contig share. `least` and `greatest` pass over nulls, hence the case.
create or replace macro overlap_bp(start_a, end_a, start_b, end_b) as
    case
        when start_a is null or end_a is null or start_b is null or end_b is null then null
        else greatest(0, least(end_a, end_b) - greatest(start_a, start_b))
    end;

-- Bases between two positions on one contig, whichever comes first: 0 for the same base, 1 for neighbours.
create or replace macro distance_bp(pos_a, pos_b) as abs(pos_a - pos_b);
