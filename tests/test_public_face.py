"""The public names are exactly those that are documented, and they carry their documentation."""

import inspect
import pickle
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


def test_an_error_comes_out_of_another_process_as_it_went_in():
    own = lrbstore.BadSpec.of_row(3, "no number")
    for error in (lrbstore.UnknownName("column", "x", ["y"], see="ds.columns"), lrbstore.MissingExtra("dashboard", "the dashboard"), own):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_an_unknown_name_among_many_is_told_with_near_ones_and_with_what_lists_all():
    known = ["gene_symbol", "gene_id", "chrom", *(f"column_{i}" for i in range(20))]

    def said(name: str, known: list[str]) -> str:
        return str(lrbstore.UnknownName("column", name, known, see="ds.columns"))

    assert said("gene_symbl", known).endswith("; did you mean 'gene_symbol'? To see all 23: ds.columns")
    assert said("name_of_gene", known).endswith("; did you mean 'gene_id' or 'gene_symbol'? To see all 23: ds.columns")  # by a word
    assert said("zzz", known).endswith(", … (23 in all); to see all 23: ds.columns")
    assert said("zzz", known[:3]) == "unknown column 'zzz'; known: chrom, gene_id, gene_symbol"
    assert "ds.columns" not in said("gene_symbl", known[:3])


def test_the_core_imports_without_heavy_packages():
    code = (
        "import sys, lrbstore, lrbstore.cli\n"
        "heavy = {'pandas', 'torch', 'streamlit', 'sklearn', 'scipy', 'pyspark', 'lrbstore.ingest'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
