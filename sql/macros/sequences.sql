-- Where two sequences differ: how many bases they begin with, or end on, alike. Up to 1,023 bases: the rest is searched by halves, as to
-- compare base by base takes much longer.
create or replace macro same_further(a, b, n, more) as case when substr(a, n + 1, more) = substr(b, n + 1, more) then n + more else n end;
create or replace macro common_prefix(a, b) as least(
    list_reduce([512, 256, 128, 64, 32, 16, 8, 4, 2, 1], lambda n_alike, n_more: same_further(a, b, n_alike, n_more), 0), length(a), length(b)
);
create or replace macro common_suffix(a, b) as common_prefix(reverse(a), reverse(b));
