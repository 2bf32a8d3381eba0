"""The page on strata counts examples as a score cuts them, and accounts for every row."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
import screen

import lrbstore
from lrbstore.catalogue import task_specs
from lrbstore.dashboard.desk import Desk, TooLarge
from lrbstore.dashboard.queries import strata
from lrbstore.intervals import too_few

TASK = "variant_effect_gene_expression"


def again(answer, path, monkeypatch):
    """Run the code that an answer says it was made by."""
    monkeypatch.setenv("LRBSTORE_HOME", str(path))
    names: dict = {}
    exec(answer.made_by, names)
    return names


def test_cells_are_counted_as_brute_force_counts_them(desk):
    settings = (("seq_len", 4096), ("window", "strict"))
    found = strata.cells(desk, TASK, "test", "tss_distance:caduceus", "tissue", settings).frame
    rows = lrbstore.task(TASK, 4096, window="strict", store=desk.store).test.rows(["tss_distance_bp", "tissue", "label"]).to_pylist()

    def distance(bp):
        return strata.NONE if bp is None else ["0-30k", "30k-100k", "100k+"][sum(abs(bp) >= edge for edge in (30_000, 100_000))]

    expected = Counter((distance(row["tss_distance_bp"]), row["tissue"]) for row in rows)
    positives = Counter((distance(row["tss_distance_bp"]), row["tissue"]) for row in rows if row["label"])
    assert found["n"].sum() == len(rows) > 30
    for row in found.to_dicts():
        key = row["stratum"], row["stratum_2"]
        assert (row["n"], row["n_pos"]) == (expected[key], positives[key]), key
        assert row["note"] == too_few(row["n"], row["n_pos"], row["n_neg"])


def test_one_way_to_cut_adds_up_and_keeps_the_natural_order(desk):
    found = strata.cells(desk, TASK, "test", "tss_distance:caduceus").frame
    order = [name for name in ("<0", "0-30k", "30k-100k", ">=100k") if name in found["stratum"].to_list()]
    assert found["stratum"].to_list()[: len(order)] == order
    assert found["n"].sum() == len(lrbstore.task(TASK, store=desk.store).test)


@pytest.mark.parametrize("name", sorted(task_specs()))
def test_every_task_of_the_catalogue_has_strata_labels_and_a_ledger(desk, name):
    way = strata.ways_to_cut(desk, name)[0]
    assert way.partition(":")[0] == task_specs()[name].strata[0]
    ds = strata.dataset(desk, name, "test", ())
    cells, labels, ledger = (
        ask(desk, name, "test", *by) for ask, by in ((strata.cells, [way]), (strata.labels, [way]), (strata.ledger, []))
    )
    assert cells.frame["n"].sum() == len(ds)
    whole = labels.frame.filter(pl.col("stratum") == strata.ALL)
    assert set(whole["n"]) == {len(ds)}
    steps = ledger.frame
    assert steps["n"][:-1].sum() == steps["n"][-1] == len(ds)
    assert steps["n"][0] == len(ds) + ds.dropped().num_rows


def test_labels_are_described_as_numpy_describes_them(desk):
    truth = lrbstore.task("gvrep_gwas", store=desk.store).test
    found = strata.labels(desk, "gvrep_gwas", "test", "chromosome").frame
    chroms = np.array(truth.rows("chrom")["chrom"].to_pylist())
    for row in found.to_dicts():
        own = truth.labels()[chroms == row["stratum"]] if row["stratum"] != strata.ALL else truth.labels()
        expected = [np.mean(own, dtype=np.float64), *np.quantile(own.astype(np.float64), list(strata.QUANTILES.values()))]
        assert [row["mean"], *(row[key] for key in strata.QUANTILES)] == pytest.approx(expected)
    of_vectors = strata.labels(desk, "bulk_rna_expression", "test", "gene_type").frame.row(0, named=True)
    vectors = lrbstore.task("bulk_rna_expression", store=desk.store).test.labels()
    assert of_vectors["median"] == pytest.approx(np.median(vectors.mean(axis=1, dtype=np.float64)))
    classes = strata.labels(desk, "gvrep_clinvar_clnsig", "test", "review_stars").frame.filter(pl.col("stratum") == strata.ALL)
    assert classes["share"].sum() == pytest.approx(1)
    assert classes.height == len(task_specs()["gvrep_clinvar_clnsig"].label.classes)


def test_label_vectors_that_are_large_are_not_read(desk, monkeypatch):
    monkeypatch.setattr(strata, "MOST_VALUES", 1_000)
    monkeypatch.setattr(lrbstore.Dataset, "labels", lambda self: pytest.fail("read"))
    with pytest.raises(TooLarge, match="not read for a chart"):
        strata.labels(desk, "cage_prediction", "test", "chromosome")


def test_what_is_left_out_is_accounted_for_by_reason_and_listed_up_to_a_bound(desk, monkeypatch):
    settings = (("seq_len", 200_000),)
    left_out = lrbstore.task(TASK, 200_000, store=desk.store).test.dropped()
    assert left_out.num_rows > 10
    steps = {row["step"]: -row["n"] for row in strata.ledger(desk, TASK, "test", settings).table.to_pylist()[1:-1]}
    assert steps == Counter(left_out["reason"].to_pylist())
    assert strata.dropped(desk, TASK, "test", settings).table.equals(left_out)
    bounded = Desk(desk.store.path, limits=lrbstore.dashboard.desk.Limits(rows=10))
    first = strata.dropped(bounded, TASK, "test", settings)
    assert first.table.equals(left_out.slice(0, 10))
    assert f"first 10 of {left_out.num_rows}" in first.about
    bounded.close()


def test_only_named_strata_are_taken(desk, tmp_path):
    (tmp_path / "mine.sql").write_text("-- Mine.\n-- needs: label\nlabel")
    for text in ("label", "tissue || chrom", "1; drop table x", str(tmp_path / "mine.sql")):
        with pytest.raises(lrbstore.UnknownName, match="stratum"):
            strata.cells(desk, TASK, "test", text)


def test_too_many_cells_are_refused(desk, monkeypatch):
    monkeypatch.setattr(strata, "MOST_CELLS", 5)
    with pytest.raises(TooLarge, match="fewer"):
        strata.cells(desk, TASK, "test", "tissue", "chromosome")


def test_the_code_beside_an_answer_gives_it_again(desk, monkeypatch):
    settings = (("seq_len", 4096),)
    cells = strata.cells(desk, TASK, "test", "tissue", "chromosome", settings)
    counts = again(cells, desk.store.path, monkeypatch)["counts"]
    assert counts == {(row["stratum"], row["stratum_2"]): row["n"] for row in cells.table.to_pylist() if row["n"]}
    labels = strata.labels(desk, TASK, "test", "tissue", settings)
    of_strata = again(labels, desk.store.path, monkeypatch)["labels"]
    assert {k: v.mean() for k, v in of_strata.items()} == pytest.approx({r["stratum"]: r["share"] for r in labels.table.to_pylist()[1:]})
    ledger = again(strata.ledger(desk, TASK, "test", settings), desk.store.path, monkeypatch)
    assert ledger["n"] == len(lrbstore.task(TASK, 4096, store=desk.store).test)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_page_is_drawn_with_the_first_task_and_follows_a_filter(scored_store):
    with screen.page("strata", scored_store) as app:
        screen.is_sound(app)
        app.selectbox(key="task").set_value(TASK).run()
        screen.is_sound(app)
        assert f"Strata of {TASK}" in screen.text(app)
        n = len(lrbstore.task(TASK, store=str(scored_store)).test)
        assert f"n = {n:,}" in screen.text(app)
        app.number_input(key="seq_len").set_value(800_000).run()
        screen.is_sound(app)
        assert "No row of this split has a window" in screen.text(app)


@pytest.mark.slow
def test_a_link_presets_every_control(scored_store):
    asked = {"task": TASK, "split": "train", "split_scheme": "published", "seq_len": "2048", "window": "strict", "edge": "pad"}
    with screen.page("strata", scored_store, **asked, by="tissue", by2="tss_distance:viztool") as app:
        screen.is_sound(app)
        assert not app.warning or "simulated" in app.warning[0].value
        assert {key: str(app.session_state[key]) for key in asked} == asked
        ds = lrbstore.task(TASK, 2048, window="strict", edge="pad", store=str(scored_store)).train
        assert f"n = {len(ds):,}" in screen.text(app)
        assert "Examples by tissue and tss_distance:viztool" in screen.text(app)


@pytest.mark.slow
def test_a_link_that_asks_for_what_there_is_not_is_said(scored_store):
    with screen.page("strata", scored_store, task=TASK, by="cell_line", split="dev", window="wide", seq_len="long") as app:
        screen.is_sound(app)
        said = screen.text(app)
        for word in ("by = 'cell_line'", "split = 'dev'", "window = 'wide'", "seq_len = 'long'"):
            assert word in said


@pytest.mark.slow
def test_settings_that_do_not_go_together_are_said(scored_store):
    with screen.page("strata", scored_store, task=TASK, window="lrb", edge="pad") as app:
        screen.is_sound(app)
        assert "edge='pad' does not go with window='lrb'" in app.error[0].value


@pytest.mark.slow
def test_a_task_whose_sources_are_not_there_is_said_with_the_command(tmp_path, simulated):
    from lrbstore.ingest.genomes import add_genome

    store = tmp_path / "bare"
    add_genome(store, "GRCh38", simulated / "genomes" / "GRCh38.fa", simulated=True)
    with screen.page("strata", store, task=TASK) as app:
        screen.is_sound(app)
        assert "lrbstore ingest lrb" in screen.text(app)
