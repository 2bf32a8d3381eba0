"""Genes by tissues: the values are the store's, the order is what it is said to be, and what is shown is bounded."""

from __future__ import annotations

import numpy as np
import pytest
import screen

from lrbstore.dashboard.queries import expression
from lrbstore.errors import BadSpec


@pytest.fixture(scope="module")
def vectors(desk):
    """Gene id to its row of lrb_gene with its vector, as float64."""
    rows = (
        desk.store.sql("select g.*, e.expression from lrb_gene as g join lrb_expression as e using (label_row)")
        .to_arrow_table()
        .to_pylist()
    )
    return {row["gene_id"]: row | {"expression": np.array(row["expression"], np.float64)} for row in rows}


@pytest.mark.parametrize(("ranking", "score"), [("variance", np.var), ("mean", np.mean), ("highest", np.max)])
def test_genes_rank_over_the_tracks_that_are_shown(desk, vectors, ranking, score):
    tissues = expression.tissues(desk)[3:9]
    answer = expression.matrix(desk, (), tissues, None, None, ranking, 7).frame
    tracks = [
        t
        for (t,) in desk.store.sql(
            "select track from expression_track where tissue in (select unnest($t))", params={"t": list(tissues)}
        ).fetchall()
    ]
    best = sorted(vectors, key=lambda gene: (-score(vectors[gene]["expression"][tracks]), gene))[:7]
    assert answer["gene_id"].unique(maintain_order=True).to_list() == best
    assert answer.height == 7 * len(tracks)
    for row in answer.to_dicts():
        assert row["value"] == pytest.approx(vectors[row["gene_id"]]["expression"][row["track"]])
        assert row["tissue"] in tissues
    assert {*answer["unit"]} == {expression.unit(desk)} == {"standardised log(1+x)"}


def test_chosen_genes_come_by_symbol_or_id(desk, vectors):
    one, two = sorted(vectors)[:2]
    answer = expression.matrix(desk, (vectors[one]["symbol"], two)).frame
    assert {*answer["gene_id"]} == {one, two}
    assert answer["track"].n_unique() == expression.TRACKS


def test_filters_leave_the_genes_of_a_stratum(desk, vectors):
    strata = expression.strata(desk)
    for gene_type in strata["gene_type"]:
        for split in strata["split"]:
            expected = {gene for gene, row in vectors.items() if (row["gene_type"], row["split"]) == (gene_type, split)}
            assert expression.counted(desk, gene_type, split)[0] == len(expected)
            shown = expression.matrix(desk, (), (), gene_type, split).frame
            assert {*shown["gene_id"]} <= expected
            assert shown["gene_id"].n_unique() == min(len(expected), expression.GENES)


def test_what_is_shown_is_bounded_and_a_wrong_order_refused(desk, vectors):
    assert len(vectors) > expression.GENES
    answer = expression.matrix(desk, most=10_000)
    assert answer.table.num_rows == expression.GENES * expression.TRACKS
    assert desk.whole(answer).num_rows == answer.table.num_rows
    with pytest.raises(BadSpec, match="choose fewer"):
        expression.matrix(desk, tuple(sorted(vectors)[: expression.GENES + 1]))
    with pytest.raises(BadSpec, match="variance, mean, highest"):
        expression.matrix(desk, ranking="value); drop table lrb_gene; --")


def test_top_genes_of_a_tissue_are_the_highest_of_all(desk, vectors):
    names = expression.track_names(desk)
    answer = expression.top_of_track(desk, names[5], most=4)
    order = sorted(vectors, key=lambda gene: (-vectors[gene]["expression"][5], gene))
    assert answer.frame["gene_id"].to_list() == order[:4]
    assert answer.rows == len(vectors)
    assert desk.whole(answer)["gene_id"].to_pylist() == order


def test_a_gene_across_tissues_is_its_vector_sorted(desk, vectors):
    gene = sorted(vectors)[3]
    answer = expression.across(desk, gene).frame
    assert answer["value"].to_list() == pytest.approx(sorted(vectors[gene]["expression"], reverse=True))
    assert answer.height == len(expression.track_names(desk))


@pytest.mark.slow
def test_names_that_can_be_chosen_mean_one_gene_each(desk, vectors):
    names = expression.gene_names(desk)
    assert len(names) == len({*names}) == len(vectors)
    assert {expression.name_of(desk, gene) for gene in vectors} == {*names}
    assert expression.name_of(desk, "ENSG99999999999") is None


def test_the_words_are_the_contracts(desk):
    assert "standardised log(1 + RPKM-like), unitless" in expression.what_they_are()


@pytest.mark.slow
def test_the_page_shows_the_genes_that_vary_most(scored_store, desk):
    with screen.page("expression", scored_store) as app:
        screen.is_sound(app)
        assert "25 genes × 40 tracks" in screen.text(app)
        assert len(app.get("vega_lite_chart")) == 3
        app.selectbox(key="split").set_value("test").run()
        screen.is_sound(app)
        n = expression.counted(desk, None, "test")[0]
        assert f"of {n:,} that the filters leave" in screen.text(app)


@pytest.mark.slow
def test_a_link_presets_every_control(scored_store, desk):
    genes, tissues = expression.gene_names(desk)[:3], expression.tissues(desk)[:2]
    track = expression.track_names(desk)[4]
    with screen.page(
        "expression", scored_store, genes=genes, tissues=tissues, ranking="mean", most="9", one_gene=genes[1], tissue=track
    ) as app:
        screen.is_sound(app)
        said = screen.text(app)
        assert "3 genes × 2 tracks" in said
        assert f"{genes[1]} across tissues" in said
        assert f"Top genes of {track}" in said
        assert (app.selectbox(key="ranking").value, app.number_input(key="most").value) == ("mean", 9)


@pytest.mark.slow
def test_a_wrong_link_and_filters_that_leave_nothing_are_said(scored_store, vectors):
    with screen.page("expression", scored_store, genes="NOTAGENE", split="nowhere", most="7000") as app:
        screen.is_sound(app)
        said = screen.text(app)
        assert said.count("Shown is the default") == 3
    gene = next(row for _, row in sorted(vectors.items()) if row["split"] == "train")
    with screen.page("expression", scored_store, genes=gene["symbol"], split="test") as app:
        screen.is_sound(app)
        assert "None of the genes chosen passes the filters" in screen.text(app)


@pytest.mark.slow
def test_a_link_with_names_of_which_one_is_unknown_shows_the_others(scored_store, desk):
    genes, (tissue, *_) = expression.gene_names(desk)[:2], expression.tissues(desk)
    with screen.page("expression", scored_store, genes=[genes[0], "NOTAGENE", genes[1]], tissues=["Nowhere", tissue]) as app:
        screen.is_sound(app)
        said = screen.text(app)
        assert app.multiselect(key="genes").value == [*genes]
        assert app.multiselect(key="tissues").value == [tissue]
        assert f"{len(genes)} genes × 1 tracks" in said
        assert said.count("Shown is what else it asks for") == 2
        assert "'NOTAGENE'" in said
        assert "'Nowhere'" in said
        app.multiselect(key="genes").set_value([genes[1]]).run()
        assert app.multiselect(key="genes").value == [genes[1]]
        assert "The link asks" not in screen.text(app)


@pytest.mark.slow
def test_a_store_without_expression_says_what_to_load(tmp_path, simulated):
    from lrbstore.ingest.pipeline import ingest

    ingest(tmp_path / "store", "depmap", [simulated / "depmap"], simulated=True)
    with screen.page("expression", tmp_path / "store") as app:
        screen.is_sound(app)
        assert "lrbstore ingest lrb" in screen.text(app)
