"""A variant, a gene or a region in its window."""

import polars as pl
import streamlit as st

from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.places import Region, links
from lrbstore.dashboard.queries import expression, locus
from lrbstore.window import POLICIES

parts.head(
    "Locus", "A variant, a gene or a region in the window that a task would cut around it: what lies there, and which letters a model gets."
)


def zoom(by: float) -> None:
    """Take a window so many times as long."""
    st.session_state["seq_len"] = min(max(int(st.session_state["seq_len"] * by), 2), locus.LONGEST)


with st.sidebar:
    variant = controls.text(
        "Variant", "variant", placeholder="chr22-123-A-G or rs1234", help="Position 1-based; or a variant_id of the store."
    )
    gene = controls.text("Gene", "gene", placeholder="symbol or ENSG…", help="Shown where no variant is given.")
    region = controls.text(
        "Region", "region", placeholder="chr22:1,000-2,000", help="1-based, both ends in it; shown where no gene is given."
    )
    on = controls.maybe("Assembly", parts.ask(locus.held_assemblies), "assembly", placeholder="the one that has it")
    seq_len = controls.number(
        "Window (bp)", "seq_len", low=2, high=locus.LONGEST, default=16_384, step=1_024, help="Models read 512 to 1,048,576 bp."
    )
    narrower, wider = st.columns(2)
    narrower.button("Half", key="half_", on_click=zoom, args=(0.5,), width="stretch", help="Half the window")
    wider.button("Double", key="double_", on_click=zoom, args=(2,), width="stretch", help="Twice the window")
    policy = controls.one(
        "Window policy",
        POLICIES,
        "window",
        default="strict",
        help="strict: the anchor at L//2 on both strands; lrb: the published loader's.",
    )
    tracks = parts.ask(locus.cage_tracks)
    track = controls.maybe("CAGE track", tracks, "track", placeholder="mean over all") if tracks else None
parts.links_refused()

place = parts.ask(locus.resolve, variant, gene, region, on)
if place is None:
    parts.nothing(
        "Nothing in this store has a place on a genome. `lrbstore sources` lists what can be loaded: variants, genes "
        "(`lrbstore ingest gencode FILE`), or labelled windows (`lrbstore ingest lrb FOLDER`). A region can be looked at all the same: "
        "type one on the left."
    )
else:
    window = parts.ask(locus.frame, place, seq_len, policy)
    low, high = window.on_contig
    st.subheader(f"{place.name} · {place.assembly}")
    if not (variant or gene or region):
        st.caption("Shown for a start: the place in this store that most is said of. Type a variant, a gene or a region on the left.")
    if variant and (gene or region):
        st.caption("Shown is the variant; clear it to see the gene or the region.")
    if place.kind == "variant" and place.others:
        more = " · ".join(f"`{other}`" for other in place.others[:6])
        st.caption(f"The same rs number has {len(place.others)} more allele(s) here: {more}; type one to see it.")
    if place.kind != "variant" and place.others:
        st.caption(f"Also on {' and '.join(place.others)}: choose the assembly on the left.")

    off = window.left_off + window.right_off
    what = "anchor" if place.kind == "gene" else "locus"
    st.markdown(
        "| | 1-based, both ends in it (VCF, GTF, browsers) | 0-based half-open (BED, inside the store) |\n|---|---|---|\n"
        + "\n".join(
            f"| {name} | {Region(place.assembly, place.chrom, left, right)} | {place.chrom} [{left:,}, {right:,}) |"
            for name, left, right in ((what, place.start, place.end), ("window on the contig" if off else "window", low, high))
        )
    )
    if off:
        st.caption(
            f"{off:,} bp of the window [{window.start:,}, {window.end:,}) are off the contig: {window.left_off:,} before its first base, "
            f"{window.right_off:,} behind its last."
        )
    handed = "reverse complement" if window.reverse else "forward strand"
    st.caption(
        f"{window.end - window.start:,} bp, handed out as the {handed}; centred on {place.anchor_is}, at index {window.anchor:,} (0-based) "
        f"of what is handed out. {place.chrom} has {window.contig_length:,} bp."
    )

    # ── what lies in it
    st.subheader("In the window")
    held = parts.ask(locus.transcripts, place, low, high)
    drawn = {
        "chrom": place.chrom, "start": window.start, "end": window.end, "locus": (place.start, place.end),
        "contig_length": window.contig_length,
    }  # fmt: skip
    if held.rows:
        blocks = locus.blocks(held, low, high)
        frame = pl.DataFrame(blocks)
        height = charts.lanes_height(frame["lane"].n_unique(), legend=False)
        st.altair_chart(charts.along([charts.genes(frame)], **drawn, height=height))
        shown = held.table.num_rows
        more = f" and {held.rows - shown:,} more that are not drawn" if held.rows > shown else ""
        st.caption(
            f"{shown} transcripts{more}. → + strand (blue), ← − strand (red), ★ canonical; thick: coding. Here and below, orange: what the "
            "window is about; dashed: its edges."
        )
        parts.show(held, table=False)
    else:
        parts.nothing(
            f"No transcript of this store lies in the window on {place.assembly}. Genes come with `lrbstore ingest gencode FILE.gtf.gz`."
        )

    counted = parts.ask(locus.binned, place, low, high)
    if counted.rows:
        points = parts.ask(locus.points, place, low, high)
        total = counted.frame["n_records"].sum()
        n_sources = counted.frame["source"].n_unique()
        if points.rows <= locus.POINTS:
            here = pl.col("variant") == (place.variant_id or "")
            mark, answer, said = charts.dots(points.frame.with_columns(here=here)), points, "each tick is a variant"
        else:
            mark, answer, said = charts.counts(counted.frame), counted, f"counted in {locus.WINDOW_BINS} bins: too many to draw one by one"
        st.altair_chart(charts.along([mark], **drawn, height=charts.lanes_height(n_sources, legend=answer is counted)))
        st.caption(f"{total:,} records of {n_sources} sources; {said}.")
        parts.show(answer, table=False)
    else:
        parts.nothing(f"No source of this store speaks of a variant in this window on {place.assembly}.")

    if tracks:
        with parts.said():
            bins = parts.ask(locus.cage, place, low, high, tracks.index(track) if track else None)
            if bins.rows:
                title = track or f"mean of {len(tracks)} tracks"
                st.altair_chart(charts.along([charts.signal(bins.frame, title=title)], **drawn, height=190))
                n_windows = bins.frame["npy_idx"].n_unique()
                st.caption(f"CAGE, raw counts a bin of 128 bp: {title}; {bins.rows:,} bins of {n_windows} labelled window(s).")
                parts.show(bins, table=False)
            else:
                st.caption(f"No labelled CAGE window overlaps this window on {place.assembly}.")

    # ── letters
    st.subheader("Letters")
    with parts.said():
        text = parts.ask(locus.letters, place)
        if text.ref_check is not None:
            word = {
                "match": "REF is what the genome has",
                "swapped": "the genome has ALT in REF's place",
                "n": "the genome has N under REF",
            }
            said = word.get(text.ref_check, "REF is not what the genome has")
            marked_is = "REF" if text.ref_check == "match" else "genome"
            (st.success if text.ref_check == "match" else st.warning)(f"`{text.ref_check}`: {said}.", icon=":material/fact_check:")
        else:
            marked_is = "anchor" if place.kind != "region" else "middle"
        strand = "reverse complement, as it is handed out" if text.reverse else "forward strand"
        st.html(charts.letters(text.before, text.marked, text.after, alt_allele=text.alt, marked_is=marked_is))
        st.caption(
            f"{place.chrom}, {text.first_pos:,} to {text.last_pos:,} (1-based), {strand}; on a narrow screen the nearest of them. "
            "Letters other than A, C, G, T are N."
        )
        made_of = parts.ask(locus.composition, place, window.start, window.end)
        a, c, g, t, n = made_of.counts
        gc = "undefined: no base is known" if made_of.gc is None else f"{made_of.gc:.1%}"
        st.markdown(
            f"**The window**: GC {gc} (of A, C, G, T) · A {a:,} · C {c:,} · G {g:,} · T {t:,} · N {n:,} "
            f"· off the contig {made_of.off_contig:,} bp"
        )

    st.subheader("At the contig's edges")
    edges = parts.ask(locus.edges, place, seq_len, policy)
    st.markdown("\n".join(f"* **{edge}**: {does}" for edge, does in zip(edges.frame["edge"], edges.frame["what_it_does"], strict=True)))
    parts.show(edges, table=False)

    # ── what is said of it
    if place.kind == "variant":
        st.subheader("Records of this variant")
        records = parts.ask(locus.records, place)
        if records.rows:
            parts.show(records, height=300)
        else:
            parts.nothing("No record of this store is about this allele.")
        if place.variant_id:
            parts.link("variants", "→ Its card, with records lifted from the other assembly", variant=place.variant_id)
    if place.gene_id:
        st.subheader("Expression across tissues")
        values = parts.ask(expression.across, place.gene_id)
        if values.rows:
            unit = values.frame["unit"][0]
            frame = values.frame
            ends = frame if frame.height <= 30 else pl.concat([frame.head(15), frame.tail(10)])
            st.altair_chart(charts.bars(ends, x="value", y="track_name", x_title=unit, order=ends["track_name"].to_list()))
            drawn_n = (
                f"the {15} highest and the {10} lowest of {frame.height} tracks" if ends.height < frame.height else f"{frame.height} tracks"
            )
            st.caption(f"Shown: {drawn_n}; unit: {unit}.")
            parts.show(values, table=False)
            name = parts.ask(expression.name_of, place.gene_id)
            parts.link("expression", "→ Beside other genes", genes=name)
        else:
            parts.nothing("No expression of this gene in this store. It comes with `lrbstore ingest lrb FOLDER` (bulk_rna_expression).")

    st.subheader("Elsewhere")
    if place.kind == "variant" or window.end - window.start > 1_000_000:
        low, high = place.start - 100, place.end + 100
    addresses = links(Region(place.assembly, place.chrom, low, high), place.allele, place.gene_id)
    for column, (site, address) in zip(st.columns(4), addresses.items(), strict=False):
        column.link_button(site, address, width="stretch")
    if parts.desk().store.simulated:
        st.caption("This store is simulated: these sites show the real genome at the same place, which is another.")
