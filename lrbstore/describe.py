"""A task's folder as a page."""

from __future__ import annotations

from lrbstore.catalogue import task_spec
from lrbstore.scoring import describe_metrics
from lrbstore.store import Store
from lrbstore.strata import stratifier


def page(name: str, store: Store | None) -> str:
    """Write what a task's folder says, ending with the SQL itself.

    Args:
        name: The task's name or alias.
        store: A store whose rows are counted, or None.

    Returns:
        Markdown.

    Raises:
        UnknownName: If there is no such task.
    """
    spec = task_spec(name)
    label = spec.label
    shape = f"bins × {label.tracks}" if label.bins else f"one value for each row of {label.tracks}" if label.tracks else "a scalar"
    lines = [
        f"# {spec.name}: {spec.title}",
        "",
        f"**Question.** {spec.question}",
        f"**An example** is {spec.example}.",
        f"**Label** `{label.key}`: {label.unit}; {shape}, {label.dtype}." + (f" 1 means {label.positive}." if label.positive else ""),
        f"**Also carries** {', '.join(f'`{key}`' for key in ['example_id', *spec.emits])}.",
        f"**Assembly** {spec.assembly}; window `{spec.window}` by default, {spec.seq_len:,} bp.",
        f"**Sources** {', '.join(spec.sources)}." + (f" **Also called** {', '.join(spec.aliases)}." if spec.aliases else ""),
        f"**Filters** {', '.join(f'{o}=…' for o in spec.options) or 'none'}.",
        "",
        "## Metrics",
        "",
        *(f"- {text}" for text in describe_metrics(spec)),
        "",
        "## Strata",
        "",
        *(f"- `{s}`: {stratifier(s).about}" for s in spec.strata),
        "",
        "## Splits",
        "",
        "| scheme | split | rows | published |",
        "|---|---|---|---|",
    ]
    for scheme, splits in spec.schemes.items():
        for split in splits:
            count = "-"
            if store is not None:
                rows = store.cursor().execute(f"select count(*) from {spec.view(scheme, split)}").fetchall()
                count = f"{rows[0][0]:,}"
            published = spec.published.get(split) if scheme == spec.split_scheme else None
            default = " (default)" if scheme == spec.split_scheme else ""
            lines.append(f"| {scheme}{default} | {split} | {count} | {'-' if published is None else f'{published:,}'} |")
    lines += ["", spec.notes.strip(), "", f"Licence: {spec.licence}", f"Cite: {spec.citation}", "", "## SQL", ""]
    lines += ["```sql", spec.examples_sql, "```"]
    for scheme, splits in spec.schemes.items():
        for split, text in splits.items():
            lines += ["", f"`{spec.view(scheme, split)}`", "```sql", text, "```"]
    return "\n".join(lines)
