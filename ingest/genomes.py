"""Register a genome in a store, and ask it about every allele that the store holds; make the cache that windows are cut from fastest."""

from __future__ import annotations

from pathlib import Path

from lrbstore.assembly import assembly
from lrbstore.engine import connect
from lrbstore.errors import MissingData
from lrbstore.genome import Genome, register_fasta, write_cache
from lrbstore.ingest.alleles import check_alleles
from lrbstore.ingest.lift import lift
from lrbstore.ingest.pipeline import Progress
from lrbstore.manifest import Manifest
from lrbstore.release import StoreFolder


def add_genome(
    store: Path, name: str, fasta: Path, *, simulated: bool = False, copy: bool = False, progress: Progress | None = None
) -> Manifest:
    """Register a FASTA as the sequence of an assembly, as one new release.

    The genome that was registered for the assembly before is replaced; the same file registered in the same way again changes nothing,
    but for files of its own in the store that are gone: they are made again. Every allele of the assembly is compared with the new one
    (``ref_check``, left-aligned form), and so is every allele that a chain lifts to it.

    Args:
        store: The store's folder; made if it is not there.
        name: The assembly; ``hg19`` and ``hg38`` are understood.
        fasta: A FASTA, plain or gzip; some contigs are enough.
        simulated: The FASTA is simulated: its contigs have lengths of their own, and every report says so.
        copy: Copy the FASTA into the store instead of reading it where it lies.
        progress: Called with a line of text now and then.

    Returns:
        The release that is now current.

    Raises:
        UnknownName: If there is no such assembly.
        WrongAssembly: If the contigs' lengths, or the bases at the store's variants, are not that assembly's; the store is untouched.
        MissingData: If there is no such file.
        StoreLocked: If another process is writing.
    """
    known = assembly(name)
    say = progress or (lambda _: None)
    with StoreFolder(store).writer() as publication:
        publication.check_base()
        base = publication.draft()

        def step(what: str, done: int, total: int) -> None:
            say(f"{what} {Path(fasta).name}: {done / max(total, 1):.0%}")

        folder = Path(store).absolute() / "genomes" / known.name
        before = set(folder.rglob("*")) if folder.exists() else set()
        try:
            record = register_fasta(Path(fasta), known, folder, simulated=simulated, copy=copy, progress=step)
        finally:  # whatever it managed to put there goes again if no release comes of it
            publication.written += [p for p in folder.rglob("*") if p.is_file() and p not in before]
        record, held = record.within(Path(store)), base.genome(known.name)
        if publication.base and held and record == held.model_copy(update={"source_path": record.source_path}):
            own = {Path(store).absolute() / p for p in (held.path, held.index)}
            publication.written = [p for p in publication.written if p not in own]
            return publication.base
        genome = Genome(record.located(Path(store)))
        others = tuple(g for g in base.genomes if g.assembly != known.name)
        scratch = connect(publication.scratch)
        checked = check_alleles(publication, genome, list(base.files), say, scratch)
        # What another genome said about this assembly's alleles no longer holds.
        files = tuple(f for f in base.files if not (f.table == "variant_reference" and f.assembly == known.name))
        ways = [c for c in base.chains if c.target == known.name]
        alleles = [f for f in base.files if f.table == "variant_allele"]
        for chain in ways:
            checked += lift(publication, chain, genome, alleles, [], say, scratch)
        files = tuple(f for f in files if not (f.table == "variant_lift" and f.unit in {c.digest for c in ways}))
        draft = publication.draft(
            files=files + tuple(checked),
            genomes=(*others, record),
            simulated=base.simulated or simulated,
            note=f"genome add {known.name}: {Path(fasta).name}" + (" (simulated)" if simulated else ""),
        )
        return publication.publish(draft)


def cache_genome(store: Path, name: str | None = None, *, progress: Progress | None = None) -> list[Path]:
    """Write the flat caches of registered genomes, one byte a base, into the store. No release comes of it: a cache changes no answer.

    Args:
        store: The store's folder.
        name: The assembly; every registered genome by default.
        progress: Called with a line of text now and then.

    Returns:
        The caches' paths.

    Raises:
        UnknownName: If there is no such assembly.
        MissingData: If no genome is registered for it, or its FASTA is gone.
        HashMismatch: If the FASTA has changed since it was registered.
        StoreLocked: If another process is writing.
    """
    known = assembly(name).name if name else None
    say = progress or (lambda _: None)
    with StoreFolder(store).writer() as publication:  # so that gc does not clear away what is half written
        wanted = [g for g in publication.draft().genomes if known in (None, g.assembly)]
        if not wanted:
            raise MissingData(
                f"no genome is registered{f' for {known}' if known else ''} in the store at {store}; "
                f"run: lrbstore genome add {known or 'GRCh38'} FILE.fa[.gz] --store {store}"
            )
        return [write_cache(g.located(Path(store)), lambda what, done, total: say(f"{what} {done / max(total, 1):.0%}")) for g in wanted]
