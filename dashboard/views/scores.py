"""How models do on a task: beside each other and beside chance, overall and by stratum, and which of them can be told apart."""

import polars as pl
import streamlit as st

from lrbstore.catalogue import task_specs
from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.queries import scores, strata
from lrbstore.metrics import METRICS
from lrbstore.scoring import metrics_for

MOST_PLACES = 40  #: Strata that a chart shows; the table has them all.


def places(frame: pl.DataFrame) -> list[str]:
    """Name what a chart shows: overall, macro and the strata in their order; where they are many, not those of too few examples."""
    large, n_left = scores.large_enough(frame)
    if n_left:
        n = frame["place"].n_unique() - len({scores.OVERALL, scores.MACRO} & {*frame["place"]})
        st.caption(
            f"{n_left:,} of the {n:,} strata have too few examples to compare models on and are not drawn; the tables have them all, each "
            "with what it lacks."
        )
    return parts.largest(large, "place", MOST_PLACES, always=[scores.OVERALL, scores.MACRO])


held = parts.desk()
with st.sidebar:
    task = controls.one("Task", strata.task_names(held), "task")
    spec = task_specs()[task]
    there = parts.ask(scores.views, task)
    best = there[0] if there else None
    settings = controls.task_settings(
        spec, whose="the predictions'" if best else "the task's own", own=dict(best.settings) if best else None
    )
    split = controls.maybe(
        "Split", sorted({s for scheme in spec.schemes.values() for s in scheme}), "split", placeholder=best.split if best else "test"
    )
    by = controls.one("Strata", strata.ways_to_cut(held, task), "by", lacking="this task's examples have no stratum of that name")
    own = [use.name for use in spec.metrics]
    default = next((use.name for use in spec.metrics if use.threshold is None), own[0])
    name = controls.one(
        "Metric",
        metrics_for(spec),
        "metric",
        default=default,
        lacking="no metric of that name fits this task's labels",
    )
    found = scores.fitting(there, split, settings)
    view = found[0] if found else None
    short = scores.short_names(view.names) if view else {}
    names = controls.some("Models", list(short), "models", default=list(short)[: scores.MOST_MODELS])
    asked = controls.one("Intervals", scores.METHODS, "intervals", help="auto: by formula, or a bootstrap where that takes a second or two")
    replicates = controls.number("Replicates of a bootstrap", "replicates", low=50, high=2_000, default=200, step=50)
    cluster = controls.maybe("Draw whole clusters of", scores.cluster_columns(held, task), "cluster", placeholder="single examples")
    allow_missing = controls.flag("Score what has a prediction", "allow_missing", help="Examples without one are left out and counted.")
    with_published = controls.flag("Published scores", "published", help="Under their authors' own splits: read their notes.")
parts.links_refused()

parts.head(f"Scores on {task}", spec.question)


def shown(view: scores.View) -> None:
    """Show the scores of a split at one window."""
    st.caption(f"Predictions for **{view}**; release `{held.store.release}`.")
    if len(view.names) > len(names):
        st.caption(f"{len(names)} of {len(view.names)} sets of predictions are shown.")
    way = parts.ask(scores.way, task, view.split, view.settings, name, max(len(names), 1), asked, replicates, cluster)
    answers = {}
    with st.spinner(f"Scoring, about {way.seconds:,.0f} s" if way.seconds > scores.QUICK else "Scoring"):
        for one in names[: scores.MOST_MODELS]:
            with parts.said():
                further = None if name in own else name
                how = (by, further, way.method, replicates, cluster, allow_missing, view.settings)
                answers[short[one]] = parts.ask(scores.of_set, task, view.split, one, *how)
    if not answers:
        parts.nothing(
            "No set of predictions is chosen."
            if not names
            else "None could be scored: the reasons are above. Where examples lack a prediction, 'Score what has a prediction' counts them."
        )
        return
    answer = scores.together(held, task, answers, name, with_published)
    frame = answer.frame
    order, columns = places(frame), frame["name"].unique(maintain_order=True).to_list()
    here = frame.filter(pl.col("place").is_in(order))
    known = METRICS[name]
    by_chance = known.by_chance(n_classes=len(spec.label.classes) or 2)
    chance = "the stratum's share of positives" if known.chance == "prevalence" else by_chance
    less = f"{name} less chance ({chance})" if chance is not None else f"{name}; it has no level of chance"
    left, right = st.columns([3, 2]) if len(columns) < 8 else (st.container(), st.container())
    with left:
        st.subheader(f"{known.title}, by {by}")
        st.altair_chart(charts.scores_map(here, order=order, names=columns, title=less, lower_is_better=known.direction == "lower"))
        st.caption(
            "Blue is better than chance, orange worse; grey rests on too few examples, or is undefined: the reason is in the tooltip."
        )
    with right:
        st.subheader("With intervals")
        st.altair_chart(charts.forest(here, order=order, names=columns, title=name))
        st.caption(f"Intervals: {way.said}." + (" Black ticks: chance." if chance is not None else ""))
    missing = frame.filter(pl.col("place") == scores.OVERALL).filter(pl.col("n_missing") > 0)
    for row in missing.to_dicts():
        st.warning(f"{row['name']}: {row['n_missing']:,} examples have no prediction and are left out; {row['n']:,} are scored.")
    turned = frame.filter(pl.col("direction_by").is_not_null() & (pl.col("direction_by") != "declared"))
    st.caption(
        f"{known.formula}; {known.direction} is better. Strata `{by}`, hash `{answer.chosen['stratifier_hash']}`. "
        f"'{scores.MACRO}' averages the strata that are defined and large enough; its note names the others."
        + (f" Directions that were not declared: {turned['name'].unique().to_list()}." if turned.height else "")
    )
    if with_published and not (frame["origin"] == "published").any():
        has_them = any(i.source == "utr3_published_scores" for i in held.store.manifest.inputs)
        hint = "" if has_them else ": `lrbstore ingest utr3_published_scores` brings those there are"
        parts.nothing(f"The store has no published scores of this task by this metric{hint}.")
    parts.show(answer, table=False)
    compared(view, order)


def compared(view: scores.View, order: list[str]) -> None:
    """Say which models can be told apart, and by how much two of them differ."""
    st.subheader("Which models can be told apart?")
    if len(names) < 2:
        parts.nothing(
            f"One set of predictions alone: a comparison takes two. A baseline is one: `lrbstore baseline {task} gc_content --keep`."
        )
        return
    how = (by, name, "bootstrap" if asked == "bootstrap" else "auto", replicates, cluster, allow_missing, view.settings)
    with parts.said():
        ties = parts.ask(scores.compared, task, view.split, names, *how).scores
        groups = ties.frame.with_columns(name=pl.col("model").replace(short))
        places_of = groups.filter(pl.col("place").is_in(order))
        st.altair_chart(charts.tie_groups(places_of, order=order, names=list(dict.fromkeys(places_of["name"].to_list()))))
        st.caption(
            "Tie groups: models of one number cannot be told apart from the best of their group; 1, blue, is the best's. –: undefined."
        )
        parts.show(ties, table=False)
    st.markdown("**Paired difference of two**")
    left, right = st.columns(2)
    with left:
        a = controls.one("Of", list(names), "model_a")
    with right:
        others = [one for one in names if one != a]
        b = controls.one("less that of", others, "model_b")
    with parts.said():
        pair = scores.pair(parts.ask(scores.compared, task, view.split, names, *how).differences, a, b)
        st.altair_chart(
            charts.differences(
                pair.frame.filter(pl.col("place").is_in(order)), order=order, title=f"{name} of {short[a]} less that of {short[b]}"
            )
        )
        ways = pair.frame["ci_method"].drop_nulls().unique().to_list()
        st.caption(
            f"Intervals: {', '.join(ways) or 'none'}. p after Holm over all strata and all pairs of the {len(names)} models "
            "chosen, as the tie groups above; the table has p and Benjamini-Hochberg's too."
        )
        parts.show(pair, table=False)


with parts.said():
    if view is not None:
        shown(view)
    elif there:
        parts.nothing("The store has no predictions for what is chosen at the left. It has some for:")
        for one in there:
            asked_for = {
                "task": task,
                "split": one.split,
                **{k: str(dict(one.settings)[k]) for k in ("split_scheme", "seq_len", "window", "edge")},
            }
            parts.link("scores", f"→ {one}: {len(one.names)} set{'' if len(one.names) == 1 else 's'}", **asked_for)
    else:
        parts.nothing(
            f"The store has no predictions for {task}. A baseline's: `lrbstore baseline {task} gc_content --keep`; a model's: "
            f"`lrbstore score {task} FILE --model NAME --keep`."
        )
if there:
    st.subheader("Predictions that the store has for this task")
    kept = parts.ask(scores.kept, task)
    parts.show(kept, height=220)
parts.link("strata", "→ The examples of these strata", task=task, by=by)
