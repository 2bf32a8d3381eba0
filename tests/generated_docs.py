"""The generated parts of the README: the catalogue of tasks and sources. ``make docs`` renews them; test_docs.py compares."""

import re
from pathlib import Path

from lrbstore.catalogue import source_cards, task_specs

README = Path(__file__).resolve().parents[1] / "README.md"


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
    for name, made in (("tasks", tasks()), ("sources", sources())):
        pattern = rf"(<!-- {name}: begin \(make docs\) -->\n).*?(<!-- {name}: end -->)"
        assert re.search(pattern, text, re.S), f"README has no generated part {name!r}"
        text = re.sub(pattern, lambda m, made=made: f"{m[1]}{made}\n{m[2]}", text, flags=re.S)
    return text


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
