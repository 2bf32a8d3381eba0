"""The overview says what the store holds."""

import pytest
import screen

import lrbstore
from lrbstore.catalogue import source_cards
from lrbstore.dashboard.desk import Desk
from lrbstore.dashboard.queries import overview
from lrbstore.ingest.pipeline import ingest


def test_figures_are_those_of_the_tables(desk):
    (figures,) = overview.figures(desk).table.to_pylist()
    for name, table in {"n_records": "variant_record", "n_variants": "variant", "n_rejected": "reject"}.items():
        assert figures[name] == desk.store.sql(f"select count(*) from {table}").fetchall()[0][0]
    assert figures["n_models"] == len({*desk.store.sql("select model from predictor").fetchall()})
    assert figures["n_sources"] == len({i.source for i in desk.store.manifest.inputs})


def test_records_add_up_and_name_every_source_once_for_each_label(desk):
    frame = overview.records(desk).frame
    assert frame["n_records"].sum() == desk.store.sql("select count(*) from variant_record").fetchall()[0][0]
    assert frame.select("source", "label_name").is_unique().all()


@pytest.mark.slow
def test_tasks_models_and_sources_are_listed(desk):
    tasks = overview.tasks(desk).frame
    assert tasks.height == len({*tasks["task"]}) >= 19
    assert tasks["here"].all()
    counted = overview.tasks(desk, counted=True).frame
    assert dict(counted.select("task", "n_examples").iter_rows()) == {
        one["name"]: sum(split["n"] for split in one["rows"]) for one in lrbstore.tasks(desk.store).to_dicts()
    }
    kept = overview.models(desk).frame.filter(task="variant_effect_gene_expression")
    assert {*kept["model"]} == {"tss_distance", "gc_content", "random"}
    assert {*overview.sources(desk).frame["source"]} == {i.source for i in desk.store.manifest.inputs}


@pytest.mark.slow
def test_the_page_is_drawn(scored_store):
    with screen.page("overview", scored_store) as app:
        screen.is_sound(app)
        assert [m.label for m in app.metric] == ["Records", "Variants", "Sources", "Models", "Rows rejected"]
        assert "simulated" in screen.text(app)


@pytest.mark.slow
def test_a_store_that_is_not_there_is_said_with_the_command_that_makes_one(tmp_path):
    with screen.page("overview", tmp_path / "none") as app:
        assert not app.exception
        assert "Not here" in screen.text(app)


@pytest.mark.slow
def test_a_link_to_a_release_that_is_not_there_is_said(scored_store):
    with screen.page("overview", scored_store, release="0999-00000000") as app:
        assert not app.exception
        assert "0999-00000000" in screen.text(app)


@pytest.mark.slow
def test_the_foot_names_the_release_and_every_licence(scored_store, desk):
    with screen.page("overview", scored_store) as app:
        said = screen.text(app)
    assert f"Release `{desk.store.release}`" in said
    held = {i.source for i in desk.store.manifest.inputs}
    assert held
    for source in held:
        assert f"* **{source}**: {source_cards()[source].licence}" in said


def test_of_many_reasons_for_rejecting_the_most_frequent_are_shown_and_all_can_be_taken_away(tmp_path):
    path = tmp_path / "All_Tissues.csv"
    rows = [f"chr1,{i},A,C,no{min(i, 1200)},Liver,5,train" for i in range(1, 1501)]
    path.write_text(
        "\n".join(["CHROM,POS,REF,ALT,label,tissue,distance_to_nearest_TSS,split", *rows, "chr1,9999,A,C,1,Liver,5,train"]) + "\n"
    )
    ingest(tmp_path / "store", "lrb", [path])
    held = Desk(tmp_path / "store")
    shown = overview.rejected(held)
    reasons = held.store.sql("select count(distinct reason) from reject").fetchall()[0][0]
    assert shown.table.num_rows == min(overview.REASONS, reasons) < reasons == shown.rows
    assert shown.table["n_rows"].to_pylist()[:2] == [301, 1]
    assert held.whole(shown).num_rows == reasons
    held.close()


@pytest.mark.slow
def test_what_no_control_has_taken_of_a_link_is_said(scored_store):
    with screen.page("expression", scored_store, gene="NOSUCH") as app:
        screen.is_sound(app)
        assert "gene = 'NOSUCH': this page has no such control" in screen.text(app)
    with screen.page("scores", scored_store, task="variant_effect_gene_expression", by="tss_distance:viztool", intervals="none") as app:
        screen.is_sound(app)
        assert "no such control" not in screen.text(app)
