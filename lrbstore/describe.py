"""A task's folder as a page, a table's contract as one, and published numbers beside their counts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from lrbstore.catalogue import TaskSpec, task_spec
from lrbstore.contract import Contract, contracts, literal
from lrbstore.derived import DERIVED
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.kinds import KINDS
from lrbstore.reconciliation import body, defects
from lrbstore.scoring import describe_metrics
from lrbstore.store import Store, damage_said
from lrbstore.strata import file_names, strata_names, stratifier
from lrbstore.window import KNOCKOUTS


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
    derived = {name: one.about for name, one in DERIVED.items() if name not in spec.columns and not one.lacks(spec, None)}
    there = {*spec.columns, *derived}
    others = [s for s in file_names() if s not in spec.strata and there.issuperset(stratifier(s).needs)]
    given = f" (table `{spec.sequences.table}`; needs no genome)" if spec.sequences else ""
    lines = [
        f"# {spec.name}: {spec.title}",
        "",
        f"**Question.** {spec.question}",
        f"**An example** is {spec.example}.",
        f"**Label** `{label.key}`: {label.unit}; {shape}, {label.dtype}." + (f" 1 means {label.positive}." if label.positive else ""),
        f"**Assembly** {spec.assembly}{given}; window `{spec.window}` by default, {spec.seq_len:,} bp, edge `{spec.edge}`.",
        f"**Sources** {', '.join(spec.sources)}." + (f" **Also called** {', '.join(spec.aliases)}." if spec.aliases else ""),
        f"**Options** {', '.join(_options(spec)) or 'none'} (on the command line `--option NAME=VALUE`).",
        "",
        "## A batch",
        "",
        "Keys of `ds[i]`, of a batch and of an export; n is the number of examples, L of bases, m of all their members.",
        "",
        "| key | in a batch | meaning |",
        "|---|---|---|",
        *(f"| `{key}` | {form} | {_cell(said)} |" for key, (form, said) in batch_keys(spec).items()),
        "",
        "## Columns of the examples",
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| `{column}` | {_cell(said)} |" for column, said in spec.columns.items()),
        "",
        "Derived from windows and labels when asked for (`ds.rows([…])`, strata, clusters):",
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| `{column}` | {_cell(said)} |" for column, said in derived.items()),
        "",
        "## Metrics",
        "",
        *(f"- {text}" for text in describe_metrics(spec)),
        "",
        "## Strata",
        "",
        *(f"- `{s}`: {stratifier(s).about}" + _presets(s) for s in spec.strata),
        *(f"- also `{s}`: {stratifier(s).about}" + _presets(s) for s in others),
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
                rows = store.cursor(spec.name).execute(f"select count(*) from {spec.view(scheme, split)}").fetchall()
                count = f"{rows[0][0]:,}"
            published = spec.published.get(split) if scheme == spec.split_scheme else None
            default = " (default)" if scheme == spec.split_scheme else ""
            lines.append(f"| {scheme}{default} | {split} | {count} | {'-' if published is None else f'{published:,}'} |")
        if scheme in spec.remainder:
            count = "-"
            if store is not None:
                inside = " union all ".join(f"select example_id from {spec.view(scheme, split)}" for split in splits)
                rows = (
                    store.cursor(spec.name)
                    .execute(f"select count(*) from {spec.name}.examples anti join ({inside}) using (example_id)")
                    .fetchall()
                )
                count = f"{rows[0][0]:,}"
            lines.append(f"| {scheme} | in no split: {spec.remainder[scheme]} | {count} | - |")
    lines += ["", spec.notes.strip(), "", f"Licence: {spec.licence}", f"Cite: {spec.citation}", "", "## SQL", ""]
    lines += ["```sql", spec.examples_sql, "```"]
    for scheme, splits in spec.schemes.items():
        for split, text in splits.items():
            lines += ["", f"`{spec.view(scheme, split)}`", "```sql", text, "```"]
    return "\n".join(lines)


def batch_keys(spec: TaskSpec) -> dict[str, tuple[str, str]]:
    """Describe every key that a batch of a task can hold.

    Returns:
        Key → dtype with shape, and meaning, in the order of a batch; of some keys the meaning says under which settings they are there.
    """
    kind, label = KINDS[spec.kind], spec.label
    n = "m" if kind.members else "n"
    shape = f"(n, bins, tracks of {label.tracks})" if label.bins else f"(n, tracks of {label.tracks})" if label.tracks else "(n,)"
    if label.classes:
        shape = f"(n, {len(label.classes)})"
    encoded = f"by `encoding`: uint8 or int8 ({n}, L), uint8 or float32 ({n}, 4, L), or {n} str"
    keys = {"example_id": ("object (n,)", "id of the example, unique in the task")}
    keys |= {key: (encoded, _SEQUENCE_SAID[key]) for key in kind.sequences}
    keys[label.key] = (f"{label.dtype} {shape}", spec.columns.get(label.column or "", label.unit))
    for key, emit in spec.emits.items():
        dtype = "object" if emit.dtype == "str" else emit.dtype
        keys[key] = (f"{dtype} ({'m' if emit.members else 'n'},)", spec.columns.get(emit.column, emit.column))
    if spec.kind == "cage":
        keys["labels_start"] = ("int64 (n,)", "0-based start of the interval that the labels cover")
        keys["labels_stop"] = ("int64 (n,)", "its end, exclusive")
    if kind.has_ref:
        said = "what the genome says of REF: match, swapped (it has ALT), mismatch, n, off_contig or unchecked; under window='strict'"
        keys["ref_check"] = (f"object ({n},)", said)
    keys["anchor_index"] = (
        f"int64 ({n},)",
        "where in the sequence the window's anchor is, 0-based; under edge='shift', which moves windows",
    )
    if kind.members:
        said = "whose members are whose: those of example i are offsets[i]:offsets[i + 1]; in batches alone, ds[i] has its own members"
        keys["member_offsets"] = ("int64 (n + 1,)", said)
    return keys


_SEQUENCE_SAID = {
    "sequence": "the window",
    "ref_forward_sequence": "the window with the reference allele, forward strand",
    "alt_forward_sequence": "the window with the alternative allele, forward strand",
    "ref_sequences": "for each member, its window with the reference allele, forward strand",
    "alt_sequences": "for each member, its window with the alternative allele, forward strand",
    "wild_type_sequence": "the window as the genome has it, in the gene's orientation",
    "knockout_sequence": "the same with the gene knocked out, as option `knockout` says",
}


def _cell(text: str) -> str:
    """Write text as a cell of a table, in which a bar would end it."""
    return text.replace("|", r"\|")


def _presets(name: str) -> str:
    presets = [n for n in strata_names() if n.startswith(f"{name}:")]
    return f" Presets: {', '.join(f'`{p}`' for p in presets)}; or edges of your own: `{name}:0,5000,50000`." if presets else ""


def _table(contract: Contract) -> str:
    lines = [f"# {contract.name}", "", contract.grain, "", "| column | type | null | meaning |", "|---|---|---|---|"]
    lines += [f"| `{c.name}` | {c.type or '-'} | {'yes' if c.nullable else 'no'} | {_cell(c.comment)} |" for c in contract.columns]
    rules = [rule.says for rule in contract.rules if rule.column is None]
    return "\n".join(
        [*lines, *(["", "A row is rejected when " + "; ".join(rules) + "."] if rules else []), "", "```sql", contract.ddl.strip(), "```"]
    )


def reconcile(store: Store, name: str | None = None) -> pa.Table:
    """Count what a body of work publishes.

    Args:
        store: An open store.
        name: A folder of ``sql/reconciliations``; all of them by default.

    Returns:
        The rows of the view ``reconciliation``, in the order of the folder's lines.

    Raises:
        UnknownName: If there is no such body of work; near names are offered.
        BadSpec: If a file of counts is not a select that can be run; names it.
        MissingData, HashMismatch: If a data file is gone or damaged.
    """
    where = f"where body = {literal(body(name).name)}" if name is not None else ""
    try:
        with damage_said():
            return store.cursor("").sql(f"from reconciliation {where} order by body, ordinal").to_arrow_table()
    except (duckdb.ProgrammingError, duckdb.NotSupportedError, duckdb.DataError) as error:
        for file, own in defects(store.cursor()):
            raise BadSpec(f"{file} is not a select that can be run: {own}") from own
        raise BadSpec(f"sql/reconciliations: the counts are not whole numbers in columns: {error}") from error


def reconciliation_table(counted: pa.Table, name: str) -> list[dict[str, str]]:
    """Shorten the rows of one body of work to what fits beside one another in 120 columns; numbers as people write them."""
    rows = [row for row in counted.to_pylist() if row["body"] == name]
    columns = {
        "published": [f"{row['published']:,}" for row in rows],
        **{title: [_count(row[key]) for row in rows] for title, key in _COUNTS.items()},
        "ratio": ["-" if row["ratio"] is None else f"{row['ratio']:.4f}" for row in rows],
    }
    width = {title: max(map(len, [title, *cells])) for title, cells in columns.items()}
    return [
        {"figure": row["figure"], **{t: cells[i].rjust(width[t]) for t, cells in columns.items()}, "status": row["status"]}
        for i, row in enumerate(rows)
    ]


def reconciliation_notes(counted: pa.Table, name: str) -> Iterator[str]:
    """Say in words, within 120 columns, what the rows of one body count, with the remarks, and where the numbers are published."""
    rows = [row for row in counted.to_pylist() if row["body"] == name]
    places = {place: f"[{n}]" for n, place in enumerate(dict.fromkeys(row["published_in"] for row in rows), start=1)}
    for row in rows:
        of = f"{row['source']}, {row['part']}" if row["source"] else " + ".join(row["sum_of"])
        remark = f"; {row['remark']}" if row["remark"] else ""
        yield from _wrapped(f"{row['figure']} {places[row['published_in']]}: {row['definition']} ({of}){remark}")
    yield ""
    yield "Published in"
    for place, number in places.items():
        yield from _wrapped(f"{number} {place}")


_COUNTS = {"in files": "in_files", "loaded": "rows_loaded", "rejected": "rows_rejected", "in store": "in_store"}


def _count(n: int | None) -> str:
    return "-" if n is None else f"{n:,}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 120, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _options(spec: TaskSpec) -> list[str]:
    """Spell the options of a task as they are given."""
    values = {"knockout": "|".join(f"'{way}'" for way in KNOCKOUTS)}
    filters = [f"`{option}=…`" for option in spec.options] + (["`fits=True`"] if spec.fits else [])
    return [*(f"`{setting}={values[setting]}`" for setting in KINDS[spec.kind].settings), *filters]
