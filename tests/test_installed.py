"""The wheel in a fresh environment: one top-level name, the tracked files, types, layers, and the demo store opened from it."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAPPED = {"lrbstore/": "lrbstore/", "ingest/": "lrbstore/ingest/", "sql/": "lrbstore/sql/", "dashboard/": "lrbstore/dashboard/"}

pytestmark = pytest.mark.slow


def _run(*arguments: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(list(map(str, arguments)), cwd=cwd, capture_output=True, text=True, check=False, env={**clean, **env})
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def _tracked() -> list[str]:
    return subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Built from a copy of the tracked files: a build folder left in the checkout cannot slip stale files in.
    source = tmp_path_factory.mktemp("source")
    for name in _tracked():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    _run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        out,
        source,
        cwd=source,
        PIP_CONSTRAINT=str(ROOT / "constraints.txt"),
    )
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("installed")
    venv.create(home / "env", with_pip=True)
    python = home / "env" / "bin" / "python"
    tools = ["mypy", "import-linter"]
    _run(python, "-m", "pip", "install", "--quiet", wheel, *tools, cwd=home, PIP_CONSTRAINT=str(ROOT / "constraints.txt"))
    return python


def test_the_wheel_holds_the_tracked_files_and_one_name(wheel: Path):
    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert {n.split("/")[0] for n in held} == {"lrbstore"}
    wanted = set()
    for name in _tracked():
        for folder, inside in MAPPED.items():
            if name.startswith(folder) and Path(name).suffix in {".py", ".sql", ".toml", ".tsv", ".csv", ".md", ".typed"}:
                wanted.add(inside + name.removeprefix(folder))
    assert held == wanted


def test_the_demo_store_opens_from_the_wheel(installed: Path, demo_store: Path, simulated: Path, tmp_path: Path):
    code = f"""
import lrbstore, pathlib
assert "site-packages" in lrbstore.__file__, lrbstore.__file__
store = lrbstore.open({str(demo_store)!r})
task = lrbstore.task("bulk_rna_expression", seq_len=4096, store=store)
example = task.test[0]
assert len(example["sequence"]) == 4096 and example["labels"].shape == (218,)
from lrbstore.ingest.pipeline import ingest
assert ingest(pathlib.Path("again"), "lrb", [pathlib.Path({str(simulated / "lrb")!r})]).loaded
print(len(task.test), store.sql("select count(*) from variant_record").fetchall())
store.close()
"""
    said = _run(installed, "-c", code, cwd=tmp_path)
    assert said.stdout.strip()
    assert _run(installed.parent / "lrbstore", "tasks", "--store", demo_store, "--format", "csv", cwd=tmp_path).stdout.startswith("name,")
    packages = _run(installed, "-m", "pip", "list", "--format", "freeze", cwd=tmp_path).stdout.lower()
    for heavy in ("pandas", "torch", "streamlit", "pyspark", "scikit-learn"):
        assert f"\n{heavy}==" not in packages


def test_types_hold_on_the_installed_package(installed: Path, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    said = _run(installed, "-m", "mypy", "-p", "lrbstore", cwd=tmp_path).stdout
    modules = [n for n in _tracked() if n.endswith(".py") and n.split("/")[0] in {"lrbstore", "ingest", "dashboard"}]
    checked = int(said.split("no issues found in ")[1].split()[0])
    assert checked >= len([m for m in modules if m.count("/") == 1]), said  # an editable install would silently check two files
    (tmp_path / "api.py").write_text((ROOT / "tests" / "typing" / "api.py").read_text())
    _run(installed, "-m", "mypy", "api.py", cwd=tmp_path)


def test_layers_hold_on_the_installed_package(installed: Path, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    said = _run(installed.parent / "lint-imports", "--config", "pyproject.toml", cwd=tmp_path).stdout
    assert "0 broken" in said
    assert int(said.split("Analyzed ")[1].split()[0]) >= 30
