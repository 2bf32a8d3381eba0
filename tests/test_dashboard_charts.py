"""Charts keep what a reader is owed: names whole, each row of the answer, and only what was asked for."""

import json

import polars as pl
import pytest

charts = pytest.importorskip("lrbstore.dashboard.charts", reason="charts need the extra 'dashboard'")
parts = pytest.importorskip("lrbstore.dashboard.parts", reason="charts need the extra 'dashboard'")


def drawn(chart):
    """The chart as it is sent, with its rows."""
    spec = json.loads(chart.to_json())
    return spec, [row for rows in spec["datasets"].values() for row in rows]


def scored(names, places):
    rows = [
        {"name": name, "place": place, "value": 0.7, "ci_low": 0.6, "ci_high": 0.8, "chance": 0.5} for place in places for name in names
    ]
    return pl.DataFrame(rows).with_columns(n=pl.lit(40), state=pl.lit("scored"), origin=pl.lit("computed"), note=pl.lit(None, pl.String))


def test_many_models_stand_below_the_name_of_their_stratum():
    names = [f"model {i}, published" for i in range(len(charts.COLOURS) + 1)]
    spec, rows = drawn(charts.forest(scored(names, ["b", "a"]), order=["b", "a"], names=names, title="auroc"))
    expected = [row for place in "ba" for row in (f"{place}\n", *(f"{place}\nmodel {i}" for i in range(len(names))))]
    assert {str(layer["encoding"]["y"]["scale"]["domain"]) for layer in spec["layer"]} == {str(expected)}
    assert {row["row"] for row in rows} == {row for row in expected if not row.endswith("\n")}


def test_the_p_of_a_difference_stands_in_its_name():
    frame = pl.DataFrame(
        {
            "place": ["a", "b", "c"], "difference": [0.1, -0.2, None], "ci_low": [0.0, None, None], "ci_high": [0.2, None, None],
            "p_holm": [0.0123, None, None], "n": [1234, 7, 1], "note": [None, "too_few: 7 examples (below 30)", "one class only"],
        }
    )  # fmt: skip
    spec, rows = drawn(charts.differences(frame, order=["b", "a", "c"], title="auroc of a model with a long name less that of another"))
    assert {row["row"]: row["is_few"] for row in rows if "row" in row} == {"a\np 0.012, n 1,234": False, "b\nno p, n 7": True}
    of_rows = [layer["encoding"]["y"]["sort"] for layer in spec["layer"] if "y" in layer["encoding"]]
    assert of_rows[0] == ["b\nno p, n 7", "a\np 0.012, n 1,234"]
    lines = spec["layer"][1]["encoding"]["x"]["title"]
    assert " ".join(lines) == "auroc of a model with a long name less that of another"
    assert max(map(len, lines)) <= 32


def test_an_undefined_tie_group_is_drawn_as_a_dash():
    frame = pl.DataFrame({"place": ["a", "a"], "name": ["x", "y"], "tie_group": [1, None], "n": [3, 3], "value": [0.5, None]})
    _, rows = drawn(charts.tie_groups(frame, order=["a"], names=["x", "y"]))
    assert {row["name"]: row["said"] for row in rows} == {"x": "1", "y": "–"}


def test_the_largest_strata_are_shown_in_their_order():
    frame = pl.DataFrame({"stratum": ["all", "a", "b", "c", "b"], "n": [1, 4, 3, 5, 3]})
    assert parts.largest(frame, "stratum", 4, always=["all"]) == ["all", "a", "b", "c"]
    assert parts.largest(frame, "stratum", 2, always=["all"]) == ["all", "b", "c"]
    assert parts.largest(frame, "stratum", 2) == ["b", "c"]
