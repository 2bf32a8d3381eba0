"""A queryable store of genomic variants, labels and benchmark tasks, with sequences cut at any length when they are asked for.

The shortest way in::

    store = lrbstore.open()  # the default store, or lrbstore.open("path")
    store.sql("select * from variant_record where tissue = $t", params={"t": "Liver"}).pl()
    task = lrbstore.task("bulk_rna_expression", seq_len=4096)
    task.train[0]; task.test.batches(256, encoding="one_hot"); task.score(predictions, by=("gene_type",))
"""

from lrbstore.dataset import Dataset
from lrbstore.errors import (
    BadSpec,
    CannotWrite,
    ContigNotFound,
    ContractBroken,
    HashMismatch,
    IncompletePredictions,
    LrbStoreError,
    MissingData,
    MissingExtra,
    OutOfContig,
    SchemaTooNew,
    SchemaTooOld,
    StoreLocked,
    UnknownName,
    WrongAssembly,
)
from lrbstore.genome import Genome
from lrbstore.scoring import Intervals
from lrbstore.store import Store
from lrbstore.store import open_store as open  # noqa: A004 - lrbstore.open is the public name, as gzip.open is gzip's
from lrbstore.task import Task, task, tasks
from lrbstore.version import __version__

__all__ = [
    "BadSpec",
    "CannotWrite",
    "ContigNotFound",
    "ContractBroken",
    "Dataset",
    "Genome",
    "HashMismatch",
    "IncompletePredictions",
    "Intervals",
    "LrbStoreError",
    "MissingData",
    "MissingExtra",
    "OutOfContig",
    "SchemaTooNew",
    "SchemaTooOld",
    "Store",
    "StoreLocked",
    "Task",
    "UnknownName",
    "WrongAssembly",
    "__version__",
    "open",
    "task",
    "tasks",
]
