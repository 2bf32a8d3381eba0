-- Numeric strata: which half-open bin [lo, hi) of a list of ascending edges a number lies in, and the bin's label.
--
--   bin_ordinal(x, edges)   BIGINT     0 for the first bin, 1 for the next, …; -1 below the first edge
--   bin_label(x, edges)     VARCHAR    '0-30k', '30k-100k', '100k+' for the edges [0, 30000, 100000]; '<0' below the first edge
--   bin_labels(edges)       VARCHAR[]  all labels but that one, in the order of their ordinals
--
-- The last bin is open-ended, so n edges make n bins. An edge belongs to the bin that it opens: no number is in two bins.
-- NULL and NaN give NULL. Both sides are compared as DOUBLE. Edges that are empty, not finite, or not strictly ascending are an error.
-- In labels whole millions are written M, whole thousands k, and other numbers in full, so distinct edges have distinct labels.
-- Labels do not sort as their bins do: order by bin_ordinal.
-- Twin: lrbstore/bins.py, compared with these macros by tests/test_bins.py.

-- An edge as text: 30000 → '30k', 2000000 → '2M', 2500 → '2500', 0.05 → '0.05'.
create or replace macro bin_edge_text(edge) as
    case
        when edge::double <> trunc(edge::double) then edge::double::varchar
        when edge::double <> 0 and edge::double % 1000000 = 0 then (edge::double / 1000000)::bigint::varchar || 'M'
        when edge::double <> 0 and edge::double % 1000 = 0 then (edge::double / 1000)::bigint::varchar || 'k'
        else edge::double::bigint::varchar
    end;

-- The edges as DOUBLE[], or an error that shows them.
create or replace macro bin_edges(edges) as
    case
        when coalesce(len(edges), 0) = 0
            or len(list_filter(edges::double[], lambda edge: edge is null or not isfinite(edge) or abs(edge) > 1e15)) > 0
            or list_sort(list_distinct(edges::double[])) <> edges::double[]
        then error('bin edges ' || coalesce(edges::varchar, 'NULL')
            || ': expected one or more finite numbers within ±1e15, strictly ascending')
        else edges::double[]
    end;

create or replace macro bin_ordinal(x, edges) as
    case
        when x is null or isnan(x::double) then null::bigint
        else len(list_filter(bin_edges(edges), lambda edge: edge <= x::double))::bigint - 1
    end;

-- The labels of all bins, in the order of their ordinals; a constant list of edges makes a constant list of labels.
create or replace macro bin_labels(edges) as
    list_transform(
        bin_edges(edges),
        lambda low, i: bin_edge_text(low) || coalesce('-' || bin_edge_text(edges[i + 1]), '+')
    );

create or replace macro bin_label(x, edges) as
    case
        when bin_ordinal(x, edges) < 0 then '<' || bin_edge_text(edges[1])
        else bin_labels(edges)[bin_ordinal(x, edges) + 1]
    end;
