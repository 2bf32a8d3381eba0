"""The generated parts of the README: questions, and the catalogue of tasks and sources. ``make docs`` renews; test_docs.py compares."""

import re
from dataclasses import dataclass
from pathlib import Path

from lrbstore.catalogue import source_cards, task_specs
from lrbstore.layout import sql_folder

README = Path(__file__).resolve().parents[1] / "README.md"


@dataclass(frozen=True)
class Question:
    """A file of ``sql/questions``: the question and what a row is, as its head says; ``examples``: parameter → example value; the rest."""

    name: str
    question: str
    row: str
    examples: dict[str, str]
    sql: str


def question(path: Path) -> Question:
    head, body = re.fullmatch(r"((?:--[^\n]*\n)+)(.*)", path.read_text(encoding="utf-8"), re.S).groups()
    lines = [line.removeprefix("--").strip() for line in head.splitlines()]
    named = [re.fullmatch(r"\$(\w+) = '?(.*?)'?: .+", line) for line in lines if line.startswith("$")]
    return Question(
        path.stem, lines[0], " ".join(line for line in lines[1:] if not line.startswith("$")), {m[1]: m[2] for m in named}, body
    )


def questions() -> dict[str, Question]:
    return {path.stem: question(path) for path in sorted((sql_folder() / "questions").glob("*.sql"))}


def asked() -> str:
    parts = []
    for one in questions().values():
        text = (sql_folder() / "questions" / f"{one.name}.sql").read_text(encoding="utf-8").rstrip()
        parts.append(f"<details><summary>{one.question} <code>{one.name}</code></summary>\n\n```sql\n{text}\n```\n\n</details>")
    return "\n".join(parts)


def tasks() -> str:
    lines = ["| task | question | assembly | metrics | published rows | licence |", "|---|---|---|---|---|---|"]
    for spec in task_specs().values():
        alias = "".join(f"<br>alias `{a}`" for a in spec.aliases)
        metrics = ", ".join(m.name.replace("_", " ") for m in spec.metrics)
        rows = ", ".join(f"{split} {n:,}" for split, n in spec.published.items()) or "-"
        lines.append(f"| `{spec.name}`{alias} | {spec.question} | {spec.assembly} | {metrics} | {rows} | {spec.licence} |")
    return "\n".join(lines)


def sources() -> str:
    lines = ["| source | what it is | how to bring it | licence | cite |", "|---|---|---|---|---|"]
    for card in source_cards().values():
        lines.append(f"| `{card.name}` | [{card.title}]({card.url}) | {card.bring} | {card.licence} | {card.citation} |")
    return "\n".join(lines)


def renewed(text: str) -> str:
    for name, made in (("questions", asked()), ("tasks", tasks()), ("sources", sources())):
        pattern = rf"(<!-- {name}: begin \(make docs\) -->\n).*?(<!-- {name}: end -->)"
        assert re.search(pattern, text, re.S), f"README has no generated part {name!r}"
        text = re.sub(pattern, lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text, flags=re.S)
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
