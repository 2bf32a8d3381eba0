"""Register a chain file in a store, and lift every allele and locus of its assembly by it."""

from __future__ import annotations

import shutil
from pathlib import Path

from lrbstore.assembly import assembly
from lrbstore.chain import ChainRecord, read_chain
from lrbstore.engine import connect
from lrbstore.errors import BadSpec, HashMismatch, MissingData
from lrbstore.genome import Genome
from lrbstore.ingest.lift import TABLES, lift
from lrbstore.ingest.pipeline import Progress
from lrbstore.manifest import Manifest
from lrbstore.parquet import sync_folder
from lrbstore.release import StoreFolder


def add_chain(store: Path, source: str, target: str, file: Path, *, simulated: bool = False, progress: Progress | None = None) -> Manifest:
    """Register a chain file as the way from one assembly to another, as one new release.

    The file, which is small, is copied into the store. A chain registered before for the same two assemblies is replaced, but the same one
    again changes nothing: only a copy in the store that is gone or damaged is made anew. The way back is a chain of its own.

    Args:
        store: The store's folder; made if it is not there.
        source: The assembly that positions come from; ``hg19`` and ``hg38`` are understood.
        target: The assembly that they are lifted to.
        file: A chain file as UCSC writes them, plain or gzip.
        simulated: The file is simulated: its contigs have the lengths of the simulated genomes, and every report says so.
        progress: Called with a line of text now and then.

    Returns:
        The release that is now current.

    Raises:
        UnknownName: If there is no such assembly.
        WrongAssembly: If a contig's length is not the assembly's; the store is untouched, here and below.
        ContractBroken: If the file is damaged; says the line.
        MissingData: If there is no such file.
        BadSpec: If simulated and real data would meet.
        StoreLocked: If another process is writing.
    """
    here, there, file = assembly(source).name, assembly(target).name, Path(file)
    say = progress or (lambda _: None)
    with StoreFolder(store).writer() as publication:
        publication.check_base()
        base = publication.draft()
        genomes = {name: base.genome(name) for name in (here, there)}
        if simulated and base.inputs and not base.simulated:
            raise BadSpec(
                f"the store at {store} holds real data; a simulated chain goes into a store of its own: name another one with --store DIR"
            )
        if not simulated and (base.simulated or any(g and g.simulated for g in genomes.values())):
            raise BadSpec(
                f"the store at {store} is simulated, where a real chain leads nowhere; is the file simulated? then say --simulated"
            )
        lengths = {name: (dict(g.contigs) if g else {}) if simulated else None for name, g in genomes.items()}
        say(f"{file.name}: reading")
        chain = read_chain(file, here, there, source_lengths=lengths[here], target_lengths=lengths[there])
        held = next((c for c in base.chains if (c.source, c.target) == (here, there)), None)
        if publication.base and held and (held.digest, held.simulated) == (chain.digest, simulated):
            try:
                held.open(Path(store))
            except (MissingData, HashMismatch):
                _copy(file, Path(store).absolute() / held.path)
            return publication.base
        copy = Path(store).absolute() / "chains" / f"{here}To{there}.{chain.digest[:16]}.over.chain{'.gz' if _is_gzip(file) else ''}"
        if not copy.exists():
            publication.written.append(copy)
            _copy(file, copy)
        record = ChainRecord(
            source=here,
            target=there,
            digest=chain.digest,
            n_chains=chain.n_chains,
            ignored=dict(chain.ignored),
            simulated=simulated,
            path=copy.relative_to(Path(store).absolute()),
            source_path=file.absolute(),
        )
        genome = genomes[there]
        opened = Genome(genome.located(Path(store))) if genome else None
        made = lift(publication, record, opened, base.files, [], say, connect(publication.scratch))
        replaced = {c.digest for c in base.chains if (c.source, c.target) == (here, there)}
        draft = publication.draft(
            files=tuple(f for f in base.files if not (f.table in TABLES and f.unit in replaced)) + tuple(made),
            chains=(*(c for c in base.chains if (c.source, c.target) != (here, there)), record),
            simulated=base.simulated or simulated,
            note=f"chain add {here} {there}: {file.name}" + (" (simulated)" if simulated else ""),
        )
        return publication.publish(draft)


def _copy(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    aside = copy.with_name(f".{copy.name}.writing")
    try:
        shutil.copyfile(file, aside)
        aside.replace(copy)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(copy.parent)


def _is_gzip(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(2) == b"\x1f\x8b"
