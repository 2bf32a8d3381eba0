"""A task's folder as a page, and a table's contract as one."""

from __future__ import annotations

from lrbstore.catalogue import task_spec
from lrbstore.contract import Contract, contracts
from lrbstore.errors import UnknownName
from lrbstore.scoring import describe_metrics
from lrbstore.store import Store
from lrbstore.strata import strata_names, stratifier


def page(name: str, store: Store | None) -> str:
    """Write what a task's folder says, ending with the SQL itself; or what a table's contract says.

    Args:
        name: A task's name or alias, or a table's name.
        store: A store whose rows are counted, or None.

    Returns:
        Markdown.

    Raises:
        UnknownName: If there is no such task or table.
    """
    if name in contracts():
        return _table(contracts()[name])
    try:
        spec = task_spec(name)
    except UnknownName as error:
        raise UnknownName("task or table", name, [*error.known, *contracts()]) from None
    label = spec.label
    shape = f"bins × {label.tracks}" if label.bins else f"one value for each row of {label.tracks}" if label.tracks else "a scalar"
    if label.classes:
        shape = f"one-hot over {', '.join(label.classes)}"
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
        *(f"- `{s}`: {stratifier(s).about}" + _presets(s) for s in spec.strata),
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
        if scheme in spec.remainder:
            count = "-"
            if store is not None:
                inside = " union all ".join(f"select example_id from {spec.view(scheme, split)}" for split in splits)
                rows = (
                    store.cursor().execute(f"select count(*) from {spec.name}.examples anti join ({inside}) using (example_id)").fetchall()
                )
                count = f"{rows[0][0]:,}"
            lines.append(f"| {scheme} | in no split: {spec.remainder[scheme]} | {count} | - |")
    lines += ["", spec.notes.strip(), "", f"Licence: {spec.licence}", f"Cite: {spec.citation}", "", "## SQL", ""]
    lines += ["```sql", spec.examples_sql, "```"]
    for scheme, splits in spec.schemes.items():
        for split, text in splits.items():
            lines += ["", f"`{spec.view(scheme, split)}`", "```sql", text, "```"]
    return "\n".join(lines)


def _presets(name: str) -> str:
    presets = [n for n in strata_names() if n.startswith(f"{name}:")]
    return f" Presets: {', '.join(f'`{p}`' for p in presets)}; or edges of your own: `{name}:0,5000,50000`." if presets else ""


def _table(contract: Contract) -> str:
    lines = [f"# {contract.name}", "", contract.grain, "", "| column | type | null | meaning |", "|---|---|---|---|"]
    lines += [f"| `{c.name}` | {c.type or '-'} | {'yes' if c.nullable else 'no'} | {c.comment} |" for c in contract.columns]
    rules = [rule.says for rule in contract.rules if rule.column is None]
    return "\n".join(
        [*lines, *(["", "A row is rejected when " + "; ".join(rules) + "."] if rules else []), "", "```sql", contract.ddl.strip(), "```"]
    )
