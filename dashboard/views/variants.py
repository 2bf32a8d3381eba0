"""Records on variants, under filters; and all that is known of one variant."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.places import gene_id, links
from lrbstore.dashboard.queries import locus, variants
from lrbstore.errors import BadSpec

AFTER = "page_after"
NUMBERS = {"n_records": st.column_config.NumberColumn(format="localized")}


def typed(label: str, key: str, **more: Any) -> tuple[str | None, str]:
    """Choose one of thousands of names by typing it: the name, and the text where no name is exactly that."""
    text = controls.text(label, key, **more)
    if not text:
        return None, ""
    if key == "gene" and (by_id := gene_id(text)):  # records are named by symbol, id or both: an id is asked for as it is
        return by_id, ""
    known = parts.ask(variants.values, key)
    name, near = variants.matches(known.table, text)
    if name:
        return name, ""
    if near:
        st.caption(f"No {key} is called “{text}”. Those that hold it:")
        for value, n in near:
            st.button(f"{value} ({n:,})", key=f"{key}_{value}_", on_click=take, args=(key, value), type="tertiary")
    else:
        st.caption(f"No {key} holds “{text}”.")
    return None, text


def take(key: str, value: str) -> None:
    """Put a name into a field."""
    st.session_state[key] = value


def listed(label: str, key: str) -> str | None:
    """Choose one of tens of names."""
    names = parts.ask(variants.values, key).table["value"].to_pylist()
    return controls.maybe(label, names, key) if names else None


def card(text: str, on: str | None) -> None:
    """Show one variant."""
    found = parts.ask(variants.card, text, on)
    st.subheader(f"Variant {text}")
    if found.others:
        st.caption(f"The rs number names {len(found.others)} alleles here:")
        for name in found.others[:20]:
            parts.link("variants", f"→ {name}", variant=name)
    if found.asked:
        with st.container(horizontal=True):
            parts.link("locus", "→ Its locus", variant=found.asked.variant_id)
            for name, url in links(found.asked.region, found.asked).items():
                st.link_button(name, url, type="tertiary", icon=":material/open_in_new:")
    if found.allele.rows:
        parts.show(found.allele)
    if found.records.rows:
        parts.show(found.records)
    else:
        parts.nothing("No record speaks of this variant. Its assembly may be the other one, or its alleles may be written otherwise.")
    if found.traits.rows:
        parts.show(found.traits, table=False)


def turn(to: int | None) -> None:
    """Go to a page of the table."""
    st.query_params.pop(AFTER, None)
    if to is not None:
        st.query_params[AFTER] = str(to)


def position(filters: Mapping[str, object]) -> int | None:
    """Read from the URL which record the page comes after; another filter begins at the first page again."""
    if st.session_state.setdefault("filters_", filters) != filters:
        st.session_state["filters_"] = filters
        st.query_params.pop(AFTER, None)
    said = st.query_params.get(AFTER)
    if said is None:
        return None
    try:
        after = int(said)
    except ValueError:
        after = 2**63
    if not -(2**63) <= after < 2**63:
        raise BadSpec(f"the link asks for {AFTER} = {said!r}; expected the record_id that a page of the table comes after")
    return after


parts.head("Variants", "What every source says of variants: one row is one upstream row. Filters count what is left of it.")
held = parts.ask(variants.sources)
with st.sidebar:
    one = controls.text(
        "One variant", "variant", placeholder="chr1-1000-A-G, rs123", help="A variant_id, chrom-pos-ref-alt, or an rs number."
    )
    source = controls.some("Sources", held, "source", placeholder="all")
    tissue = listed("Tissue", "tissue")
    trait, trait_text = typed("Trait", "trait", placeholder="type to search")
    gene, gene_text = typed("Gene", "gene", placeholder="symbol or Ensembl id")
    region = controls.text(
        "Region", "region", placeholder="chr1:1000-2000", help="1-based, both ends in it. Records of the other assembly are not there."
    )
    on = controls.maybe(
        "Assembly", parts.ask(locus.held_assemblies), "assembly", placeholder="the one that has it",
        help="Of a region and of a variant that name none.",
    )  # fmt: skip
    significance = listed("Clinical significance", "significance")
    consequence = listed("Consequence", "consequence")

filters = {
    "source": source, "tissue": tissue, "trait": trait, "gene": gene, "region": region or None, "assembly": on,
    "significance": significance, "consequence": consequence,
}  # fmt: skip

if one:
    with parts.said():
        card(one, on)
    st.divider()
    st.caption("Below: all records that meet the other filters on the left, whatever variant they name.")

with parts.said():
    if trait_text or gene_text:
        parts.nothing(f"“{trait_text or gene_text}” is none: choose one of the names on the left, or type another.")
    elif not held:
        parts.nothing("No source in this store speaks of variants; `lrbstore sources` lists those that do.")
    else:
        counts = parts.ask(variants.by_source, **filters)
        n = sum(counts.table["n_records"].to_pylist())
        if not n:
            parts.nothing("No record meets all of these filters: take one away. A region holds the records of its own assembly alone.")
        else:
            st.subheader(f"{n:,} record{'' if n == 1 else 's'}")
            n_variants = st.empty()  # counted last: of millions of records it takes longer than all the rest
            n_variants.caption("on … variants")
            if region:
                where, *others = parts.ask(locus.region_of, region, on)
                also = "" if not others else f", the newest that has the contig; also on {' and '.join(o.assembly for o in others)}"
                st.caption(f"Region: {where} on {where.assembly}{also}.")
            st.altair_chart(charts.bars(counts.frame, x="n_records", y="source", x_title="records"))
            parts.show(counts, columns=NUMBERS, table=False)
            for stratum, tab in controls.tabs(tuple(variants.STRATA), "top").items():
                if tab.open:
                    with tab:
                        most = parts.ask(variants.top, stratum, **filters)
                        if most.rows:
                            parts.show(most, columns=NUMBERS)
                        else:
                            parts.nothing(f"None of these records says a {stratum}.")
            st.subheader("Records")
            after = position(filters)
            page = parts.ask(variants.page, after, n, **filters)
            parts.show(page.answer, height=500, columns={"pos": st.column_config.NumberColumn(format="localized")})
            with st.container(horizontal=True):
                st.button("First", on_click=turn, args=(None,), disabled=page.first, key="first_")
                if st.button("Previous", disabled=page.first, key="previous_"):  # asked for on the page, which says what goes wrong
                    turn(parts.ask(variants.previous, after, **filters))
                    st.rerun()
                st.button("Next", on_click=turn, args=(page.next,), disabled=page.next is None, key="next_")
            counted = parts.ask(variants.distinct, **filters).table["n_variants"][0].as_py()
            n_variants.caption(f"on {counted:,} variants, whichever source names them" if counted else "none of which names its alleles")
parts.links_refused()
