"""READMEs that run and cannot go stale."""

import re
import shutil
import subprocess
from pathlib import Path

import generated_docs
import numpy as np
import polars as pl
import pytest
from command import run

import lrbstore
from lrbstore.catalogue import source_cards, task_specs
from lrbstore.cli import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def test_the_generated_parts_are_current():
    assert generated_docs.renewed(README) == README, "run: make docs"


@pytest.mark.parametrize("query", [query for query in blocks("sql") if "$" not in query])  # those with parameters: test_questions.py
def test_sql_of_the_readme_runs(query: str, demo_store: Path):
    with lrbstore.open(demo_store) as store:
        assert store.sql(query).to_arrow_table().num_rows > 0


def test_python_of_the_readme_runs(demo_store: Path, capsys):
    code, _ = blocks("python")  # the other one needs PyTorch: test_torch.py
    assert '"build/demo/store"' in code
    exec(compile(code.replace('"build/demo/store"', repr(str(demo_store))), "README.md", "exec"), {})
    assert "accuracy" in capsys.readouterr().out


def test_every_command_is_in_the_readme_or_the_help():
    commands = {c.name or c.callback.__name__ for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert commands == {
        "demo", "simulate", "ingest", "genome", "chain", "sources", "tasks", "describe", "sql", "export", "score", "verify", "releases",
        "gc", "reconcile", "baseline", "compare", "dashboard", "predictions", "representations", "nearest", "retrieve",
    }  # fmt: skip
    for command in commands - {"simulate"}:
        assert f"lrbstore {command}" in README, command
    for command in app.registered_commands:
        assert command.callback.__doc__


@pytest.mark.slow
def test_the_command_line_of_the_readme_is_understood(demo_store: Path, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(demo_store, tmp_path / "my-store")  # some commands keep what they were given
    console = "\n".join(blocks("console"))
    lines = [line.split("  #")[0].strip() for line in console.splitlines() if line.startswith("lrbstore ")]
    assert len(lines) >= 8
    with lrbstore.open(demo_store) as store:
        pathogenic = lrbstore.task("gvrep_clinvar_pathogenicity", store=store)
        rows = pl.concat([pl.from_arrow(pathogenic[split].rows(["example_id"])) for split in pathogenic.splits])
    vectors = np.random.default_rng(0).normal(size=(rows.height, 8)).astype(np.float16)
    np.savez("embeddings.npz", ids=rows["example_id"].to_numpy().astype(str), embeddings=vectors)
    for line in lines:
        arguments = [a.strip('"') for a in re.findall(r'"[^"]*"|\S+', line)[1:]]
        arguments = [a.replace("GTEx_Analysis_v8_eQTL/", str(simulated / "gtex_v8_eqtl")) for a in arguments]
        if arguments[0] == "genome":
            continue  # needs a real genome: test_source_* registers one
        if arguments[0] in {"score", "baseline", "compare"} and "utr3_mpra_siegel" not in arguments:
            arguments += ["--seq-len", "2048"]
        if arguments[:2] == ["predictions", "template"]:
            arguments += ["--seq-len", "2048"]
        if arguments[0] == "nearest":
            arguments[1] = rows["example_id"][0]
        if arguments[0] == "export":
            arguments += ["--out", str(tmp_path / "out")]
        done = run(*arguments)
        assert done.returncode == 0, (line, done.stderr.decode())
        assert b"Traceback" not in done.stderr
        if arguments[:2] == ["predictions", "template"]:
            _fill(Path(done.stdout.decode().strip()))


def _fill(template: Path) -> None:
    """Fill a template with numbers."""
    frame = pl.read_csv(template, schema_overrides={"example_id": pl.String})
    frame.with_columns(pl.Series("prediction", np.random.default_rng(1).random(frame.height))).write_csv(template)


def test_each_folder_has_its_chapter():
    for folder in ("lrbstore", "sql", "ingest", "dashboard", "tests"):
        assert (ROOT / folder / "README.md").stat().st_size > 200
    rooms = (ROOT / "lrbstore" / "README.md").read_text(encoding="utf-8")
    for module in (ROOT / "lrbstore").glob("*.py"):
        assert f"`{module.stem}`" in rooms or module.stem in {"__init__", "layout", "version"}, module.stem


def test_the_catalogue_names_every_folder():
    for name in [*task_specs(), *source_cards()]:
        assert f"| `{name}`" in README


def test_no_address_of_a_registry_and_no_path_of_a_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    forbidden = ["file:" + "///opt", "/wo" + "rk/", "/ro" + "ot/", "pypi" + "-more", "index" + "-url"]
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".sql", ".tsv", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not [f for f in forbidden if f in text], name
