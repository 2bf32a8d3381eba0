"""Genes by tissues: how strongly each is expressed."""

import polars as pl
import streamlit as st

from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.queries import expression

parts.head("Expression", "How strongly genes are expressed in tissues and cell lines: the labels of task bulk_rna_expression.")

names = parts.ask(expression.gene_names)
if not names:
    parts.links_refused()
    parts.nothing(
        "This store holds no expression. It comes with the benchmark: `lrbstore ingest lrb FOLDER`, of which bulk_rna_expression is a part."
    )
else:
    strata = parts.ask(expression.strata)
    tracks = parts.ask(expression.track_names)
    with st.sidebar:
        genes = controls.some("Genes", names, "genes", max_selections=expression.GENES, placeholder="those that rank first")
        ranking = controls.one("Rank by", expression.RANKINGS, "ranking", help="Over the tissues shown, where no gene is chosen.")
        most = controls.number("Genes shown", "most", low=2, high=expression.GENES, default=25)
        tissues = controls.some("Tissues", parts.ask(expression.tissues), "tissues", placeholder=f"the first {expression.TRACKS} tracks")
        gene_type = controls.maybe("Gene type", strata["gene_type"], "gene_type") if strata["gene_type"] else None
        split = controls.maybe("Split of bulk_rna_expression", strata["split"], "split")
    values = parts.ask(expression.matrix, genes, tissues, gene_type, split, ranking, most)
    unit = parts.ask(expression.unit)
    frame = values.frame.with_columns(
        # Two genes of one symbol are two rows of the map.
        gene=pl.when(pl.col("gene_id").n_unique().over("gene") > 1).then(pl.col("gene_id")).otherwise(pl.col("gene"))
    )
    shown = list(dict.fromkeys(frame["gene"].to_list()))
    n_tracks = frame["track"].n_unique()
    n, n_held = parts.ask(expression.counted, gene_type, split, tissues)
    how = "chosen" if genes else f"of highest {ranking}"
    st.caption(
        f"**{len(shown)} genes × {n_tracks} tracks** are shown: the genes {how}, of {n:,} that the filters leave; tracks of {n_held:,}. "
        f"What a number is: {expression.what_they_are()}. The labels are shown as the provider gives them; nothing is computed on them."
    )
    if not shown:
        parts.links_refused()
        parts.nothing("None of the genes chosen passes the filters on the left: clear the gene type or the split.")
    else:
        with st.sidebar:
            one = controls.one("One gene", shown, "one_gene", help="Across all tracks; one of those in the map.")
            tissue = controls.one("One tissue", tracks, "tissue", help="Its genes of highest value.")
        parts.links_refused()
        cells = frame.select("gene", "track_name", "tissue", pl.col("value").round(4), "gene_type", "split")
        st.altair_chart(charts.matrix(cells, x="track_name", y="gene", value="value", title=unit))
        parts.show(values, table=False)

        st.subheader(f"{one} across tissues")
        gene_id = frame.filter(gene=one)["gene_id"][0]
        across = parts.ask(expression.across, gene_id)
        ends = across.frame if across.rows <= 30 else pl.concat([across.frame.head(15), across.frame.tail(10)])
        st.altair_chart(charts.bars(ends, x="value", y="track_name", x_title=unit, order=ends["track_name"].to_list()))
        st.caption(f"The {ends.height} of {across.rows} tracks with the highest and the lowest values; unit: {unit}.")
        parts.show(across, table=False)
        parts.link("locus", f"→ {one} in its window", gene=gene_id)

        st.subheader(f"Top genes of {tissue}")
        top = parts.ask(expression.top_of_track, tissue, gene_type, split)
        st.altair_chart(charts.bars(top.frame, x="value", y="gene", x_title=unit, order=top.frame["gene"].to_list()))
        st.caption(f"The {top.table.num_rows} highest of {top.rows:,} genes that the filters leave; unit: {unit}.")
        parts.show(top, table=False)
