"""The public names are exactly those that are documented, and they carry their documentation."""

import inspect
import subprocess
import sys

import lrbstore


def test_exports_are_the_sorted_public_names():
    public = sorted(n for n in vars(lrbstore) if not n.startswith("_") and not inspect.ismodule(getattr(lrbstore, n)))
    assert sorted(n for n in lrbstore.__all__ if n != "__version__") == public


def test_everything_public_is_documented():
    for name in lrbstore.__all__:
        thing = getattr(lrbstore, name)
        if name == "__version__":
            continue
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            for member, value in vars(thing).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert inspect.getdoc(value), f"{name}.{member}"


def test_the_error_tree_has_builtin_parents():
    builtin = {
        "UnknownName": KeyError, "BadSpec": ValueError, "MissingData": FileNotFoundError, "ContractBroken": ValueError,
        "HashMismatch": OSError, "ContigNotFound": KeyError, "OutOfContig": IndexError, "IncompletePredictions": ValueError,
        "MissingExtra": ImportError, "WrongAssembly": ValueError, "StoreLocked": RuntimeError, "SchemaTooNew": RuntimeError,
    }  # fmt: skip
    for name, parent in builtin.items():
        error = getattr(lrbstore, name)
        assert issubclass(error, parent)
        assert issubclass(error, lrbstore.LrbStoreError)
    assert str(lrbstore.UnknownName("task", "bulk", ["bulk_rna_expression"])).startswith("unknown task 'bulk'")


def test_the_core_imports_without_heavy_packages():
    code = (
        "import sys, lrbstore, lrbstore.cli\n"
        "heavy = {'pandas', 'torch', 'streamlit', 'sklearn', 'scipy', 'pyspark', 'lrbstore.ingest'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
