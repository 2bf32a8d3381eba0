"""Releases on disk: a crash, a full disk or a second writer leaves the old release or the new one, whole, and nothing in between."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from command import run

import lrbstore
from lrbstore.errors import CannotWrite, ContractBroken, LrbStoreError, MissingData, SchemaTooNew, SchemaTooOld, StoreLocked, UnknownName
from lrbstore.ingest import pipeline
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.manifest import SCHEMA_VERSION
from lrbstore.release import StoreFolder
from lrbstore.verify import verify

CONTIGS = {"chr1": 3000, "chr2": 2000}


def tree(folder: Path) -> dict[str, str]:
    """Every file's sha256 and every folder, by path: two equal trees are byte for byte the same."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "folder"
        for p in sorted(folder.rglob("*"))
    }


def rows(store: Path, sql: str = "select count(*) from lrb_eqtl") -> list[tuple]:
    with lrbstore.open(store) as opened:
        return opened.sql(sql).fetchall()


def failures(store: Path) -> list:
    with lrbstore.open(store) as opened:
        return [f for f in verify(opened) if f.level == "failure"]


@pytest.fixture(scope="module")
def files(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A few rows of each file, so that an ingest takes a moment: eQTLs under both folder names (two versions), and a genome."""
    out = tmp_path_factory.mktemp("few")
    lines = (simulated / "lrb/variant_effect_causal_eqtl/All_Tissues.csv").read_text().splitlines(keepends=True)
    made = {}
    for version, folder, some in (("1", "variant_effect_gene_expression", lines[1:21]), ("2", "variant_effect_causal_eqtl", lines[11:41])):
        made[version] = out / folder / "All_Tissues.csv"
        made[version].parent.mkdir()
        made[version].write_text(lines[0] + "".join(some))
    made["genome"] = out / "tiny.fa"
    text = "".join(f">{name}\n" + textwrap.fill("ACGTTGCA" * (length // 8), 60) + "\n" for name, length in CONTIGS.items())
    made["genome"].write_text(text)
    made["bulk"] = simulated / "lrb/bulk_rna_expression"
    return made


@pytest.fixture(scope="module")
def base(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one genome and version 1 of the eQTLs: two releases."""
    store = tmp_path_factory.mktemp("release") / "base"
    add_genome(store, "GRCh38", files["genome"], simulated=True)
    ingest(store, "lrb", [files["1"]], simulated=True)
    return store


@pytest.fixture
def store(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "store"))


# ── killed at every step ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#: Loads everything once, then forks a child for each k; the child does the work and kills itself before its k-th call that matters on disk.
KILLER = r"""
import json, os, shutil, signal, sys
from pathlib import Path

import pyarrow.parquet as pq

import lrbstore
from lrbstore.contract import contracts
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.spec import sources
from lrbstore.release import StoreFolder

work, base, out, only, argument = sys.argv[1:6]
contracts(), sources()
WATCHED = [(os, name) for name in ("replace", "unlink", "mkdir", "rmdir", "fsync")]
WATCHED += [(pq.ParquetWriter, name) for name in ("write_table", "close")]
if only != "all":
    WATCHED = [w for w in WATCHED if w[1] == only]


def arm(k):
    count = 0

    def watch(owner, name):
        real = getattr(owner, name)

        def watched(*args, **kwargs):
            nonlocal count
            count += 1
            if count == k:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(owner, name, watched)

    for owner, name in WATCHED:
        watch(owner, name)


def run(store):
    if work == "ingest":
        ingest(store, "lrb", [Path(argument)], simulated=True)
    elif work == "genome":
        add_genome(store, "GRCh37", Path(argument), simulated=True, copy=True)
    else:
        StoreFolder(store).gc()


k = 0
while True:
    k += 1
    store = Path(out) / f"{k:03d}"
    if base:
        shutil.copytree(base, store)
    child = os.fork()
    if child == 0:
        try:
            arm(k)
            run(store)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        continue
    print(json.dumps({"killed": k - 1, "status": status}))
    break
"""


def kill_at_every_step(work: str, base: Path | None, out: Path, argument: Path, only: str = "all") -> list[Path]:
    """Return the stores that were left behind: killed before step 1, 2, … and, last, the one that came through."""
    out.mkdir()
    command = [sys.executable, "-c", KILLER, work, str(base or ""), str(out), only, str(argument)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["status"] == 0, done.stderr
    return [out / f"{k:03d}" for k in range(1, said["killed"] + 2)]


def assert_whole(left: Path, before: Path, old: str, counts: dict[str, int]) -> str:
    """The release that is there is the old one or the new one, whole; every byte of the old one is where it was. Returns its name."""
    now = tree(left)
    for path, digest in tree(before).items():
        if path not in {"CURRENT", "lock"}:
            assert now.get(path) == digest, path
    release = StoreFolder(left).current
    with lrbstore.open(left) as opened:
        n = opened.sql("select count(*) from history.lrb_eqtl").fetchall()[0][0]
        assert n == counts["old" if release == old else "new"]
        found = list(verify(opened))
    assert [f for f in found if f.level == "failure"] == []
    named = {f.subject for f in found if f.check == "orphan"}
    assert named == {p.relative_to(left).as_posix() for p in StoreFolder(left).orphans()}
    assert all(f.level == "note" for f in found if f.check == "orphan")
    return release


def assert_recovers(left: Path, file: Path) -> None:
    """The lock is free, gc leaves only what releases name, and the ingest that was killed works."""
    StoreFolder(left).gc()
    manifest = StoreFolder(left).manifest()
    kept = {f.path for f in manifest.files} | {str(g.index) for g in manifest.genomes} | {str(g.path) for g in manifest.genomes}
    lying = {p.relative_to(left).as_posix() for p in left.rglob("*") if p.is_file()}
    assert lying - {"lock", "CURRENT"} <= kept | {f"releases/{manifest.release}.json"}
    ingest(left, "lrb", [file], simulated=True)
    assert rows(left) == [(30,)]
    assert failures(left) == []


@pytest.fixture(scope="module")
def killed(base, files, tmp_path_factory) -> list[Path]:
    """Copies of the store, each with an ingest killed before another rename; the last came through."""
    return kill_at_every_step("ingest", base, tmp_path_factory.mktemp("sweep") / "killed", files["2"], only="replace")


@pytest.mark.slow
def test_a_killed_ingest_leaves_the_old_release_or_the_new_one(base, killed):
    old = StoreFolder(base).current
    seen = [assert_whole(left, base, old, {"old": 20, "new": 50}) for left in killed]
    assert len(killed) >= 5  # two data files, alleles or tissues, the manifest, CURRENT
    assert seen[:-1] == [old] * (len(killed) - 1), "before CURRENT is replaced, readers see the old release"
    assert seen[-1] != old
    assert any(StoreFolder(left).orphans() for left in killed[:-1])


@pytest.mark.slow
def test_after_a_kill_gc_and_the_next_ingest_work(killed, files, tmp_path):
    for left in (killed[1], killed[-2]):
        assert_recovers(Path(shutil.copytree(left, tmp_path / left.name)), files["2"])


@pytest.mark.slow
def test_an_ingest_killed_before_any_step_is_survived(base, files, tmp_path):
    old = StoreFolder(base).current
    stores = kill_at_every_step("ingest", base, tmp_path / "killed", files["2"])
    assert len(stores) > 15
    seen = [assert_whole(left, base, old, {"old": 20, "new": 50}) for left in stores]
    assert seen == sorted(seen), "once the new release is seen, it stays"
    assert seen[0] == old != seen[-1]
    for left in stores:
        assert_recovers(left, files["2"])


@pytest.mark.slow
def test_a_first_ingest_killed_before_any_step_is_survived(files, tmp_path):
    stores = kill_at_every_step("ingest", None, tmp_path / "killed", files["2"])
    assert len(stores) > 12
    for left in stores:
        if not StoreFolder(left).exists:
            with pytest.raises(MissingData, match="there is no store"):
                lrbstore.open(left)
        ingest(left, "lrb", [files["2"]], simulated=True)
        assert rows(left) == [(30,)]
        StoreFolder(left).gc()
        assert StoreFolder(left).orphans() == []
        assert failures(left) == []


@pytest.mark.slow
def test_a_genome_add_killed_before_any_step_is_survived(base, files, tmp_path):
    old = StoreFolder(base).current
    stores = kill_at_every_step("genome", base, tmp_path / "killed", files["genome"])
    assert len(stores) > 10
    for left in stores:
        release = assert_whole(left, base, old, {"old": 20, "new": 20})
        with lrbstore.open(left) as opened:
            assert opened.has_genome("GRCh37") == (release != old)
        add_genome(left, "GRCh37", files["genome"], simulated=True, copy=True)
        with lrbstore.open(left) as opened:
            assert opened.genome("GRCh37").fetch("chr1", 0, 8) == b"ACGTTGCA"
        StoreFolder(left).gc()
        assert StoreFolder(left).orphans() == []
        assert failures(left) == []


@pytest.mark.slow
def test_a_killed_gc_is_survived(base, files, tmp_path):
    grown = Path(shutil.copytree(base, tmp_path / "grown"))
    ingest(grown, "lrb", [files["2"]], simulated=True)
    current = StoreFolder(grown).current
    stores = kill_at_every_step("gc", grown, tmp_path / "killed", tmp_path, only="unlink")
    assert len(stores) >= 3
    for left in stores:
        assert StoreFolder(left).current == current
        assert rows(left, "select count(*) from history.lrb_eqtl") == [(50,)]
        for release in StoreFolder(left).releases():
            assert all((left / f.path).is_file() for f in StoreFolder(left).manifest(release).files)
        StoreFolder(left).gc()
        assert StoreFolder(left).releases() == [current]
        assert StoreFolder(left).orphans() == []


def test_a_release_that_a_killed_writer_did_not_publish_is_no_release(base, killed, files, tmp_path):
    left = Path(shutil.copytree(killed[-2], tmp_path / "left"))
    folder = StoreFolder(left)
    (ghost,) = {p.stem for p in (left / "releases").glob("*.json")} - set(folder.releases())
    with pytest.raises(UnknownName, match=ghost):
        lrbstore.open(left, release=ghost)
    published = ingest(left, "lrb", [files["2"]], simulated=True).manifest
    assert published.release != ghost
    assert published.parent == StoreFolder(base).current


# ── errors while writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

DISK = [(os, "replace"), (os, "fsync"), (pq.ParquetWriter, "write_table"), (pq.ParquetWriter, "close")]


def fail_at(patch: pytest.MonkeyPatch, k: int, error: BaseException) -> list[int]:
    """Let the k-th call that matters on disk raise; the returned list holds the number of calls so far."""
    count = [0]

    def watch(owner, name):
        real = getattr(owner, name)

        def watched(*args, **kwargs):
            count[0] += 1
            if count[0] == k:
                raise error
            return real(*args, **kwargs)

        patch.setattr(owner, name, watched)

    for owner, name in DISK:
        watch(owner, name)
    return count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), CannotWrite),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, marks=pytest.mark.slow),
        pytest.param(OSError(errno.EIO, "Input/output error"), OSError, marks=pytest.mark.slow),
    ],
    ids=["full", "interrupted", "broken"],
)
def test_an_error_at_any_step_leaves_the_store_as_it_was(store, files, error, raised):
    before, old = tree(store), StoreFolder(store).current
    outcomes = []
    for k in range(1, 100):
        with pytest.MonkeyPatch.context() as patch:
            count = fail_at(patch, k, error)
            try:
                ingest(store, "lrb", [files["2"]], simulated=True)
            except raised as seen:
                outcomes.append(str(seen))
        if StoreFolder(store).current != old:
            break
        assert tree(store) == before, f"step {k}"
        assert count[0] >= k
    assert len(outcomes) >= 10
    if raised is CannotWrite:
        assert all("No space left" in said and "--store" in said for said in outcomes)
    # The last step makes the new release visible: what comes after it can no longer take it back, and must not take its files.
    assert rows(store) == [(30,)]
    assert failures(store) == []
    assert StoreFolder(store).orphans() == []


@pytest.mark.slow
@pytest.mark.parametrize("work", ["genome", "first ingest"])
def test_an_error_leaves_nothing_in_a_folder_that_was_not_there(files, tmp_path, work):
    outcomes = 0
    for k in range(1, 100):
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, k, OSError(errno.ENOSPC, "No space left on device"))
            try:
                if work == "genome":
                    add_genome(tmp_path / "new", "GRCh38", files["genome"], simulated=True, copy=True)
                else:
                    ingest(tmp_path / "new", "lrb", [files["1"]], simulated=True)
            except CannotWrite:
                outcomes += 1
        if StoreFolder(tmp_path / "new").exists:
            break
        assert not (tmp_path / "new").exists(), f"step {k}: {tree(tmp_path / 'new')}"
    assert outcomes >= 5
    assert failures(tmp_path / "new") == []


def test_a_file_size_limit_of_the_system_leaves_the_store_as_it_was(store, files, simulated):
    """A real refusal by the operating system, in the middle of a Parquet file, with the footer refused as well."""
    before = tree(store)
    script = """
import resource, signal, sys
from pathlib import Path
from lrbstore.errors import CannotWrite
from lrbstore.ingest.pipeline import ingest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    ingest(Path(sys.argv[1]), "lrb", [Path(sys.argv[2])], simulated=True)
except CannotWrite as error:
    print(error)
    sys.exit(7)
"""
    command = [sys.executable, "-c", script, str(store), str(files["bulk"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 7, done.stderr
    assert "File too large" in done.stdout
    assert "Traceback" not in done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert tree(store) == before


def test_a_damaged_upstream_file_leaves_the_store_as_it_was(store, files, simulated, tmp_path):
    before = tree(store)
    torn = tmp_path / "Liver.v8.egenes.txt.gz"
    torn.write_bytes((simulated / "gtex_v8_eqtl/Liver.v8.egenes.txt.gz").read_bytes()[:20_000])
    with pytest.raises(ContractBroken, match=r"Liver.*cannot be read to its end"):
        ingest(store, "gtex_v8_eqtl", [torn], simulated=True)
    assert tree(store) == before
    with pytest.raises(ContractBroken, match=r"Liver.*cannot be read to its end"):
        ingest(tmp_path / "new", "gtex_v8_eqtl", [torn], simulated=True)
    assert not (tmp_path / "new").exists()


def test_a_good_file_beside_a_damaged_one_is_not_half_published(store, files, simulated, tmp_path):
    before = tree(store)
    shutil.copy(simulated / "gtex_v8_eqtl/Adipose_Subcutaneous.v8.egenes.txt.gz", tmp_path)
    (tmp_path / "Liver.v8.egenes.txt.gz").write_bytes((simulated / "gtex_v8_eqtl/Liver.v8.egenes.txt.gz").read_bytes()[:20_000])
    with pytest.raises(ContractBroken):
        ingest(store, "gtex_v8_eqtl", [tmp_path], simulated=True)
    assert tree(store) == before


# ── one writer, many readers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

HOLDER = """
import sys
from pathlib import Path
from lrbstore.release import StoreFolder
with StoreFolder(Path(sys.argv[1])).writer():
    print("held", flush=True)
    sys.stdin.readline()
"""
READER = """
import sys
from pathlib import Path
import lrbstore
store = lrbstore.open(Path(sys.argv[1]))
relation = store.sql("select count(*) from history.lrb_eqtl")
print(store.release, flush=True)
sys.stdin.readline()
print(relation.fetchall()[0][0], flush=True)
store.close()
print("closed", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def beside(script: str, store: Path):
    """Another process that talks line by line."""
    with subprocess.Popen([sys.executable, "-c", script, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def test_a_second_writer_is_refused_and_readers_are_not_disturbed(store, files):
    before = tree(store)
    with lrbstore.open(store) as early, beside(HOLDER, store) as holder:
        assert holder.stdout.readline() == "held\n"
        for attempt in (
            lambda: ingest(store, "lrb", [files["2"]], simulated=True),
            lambda: add_genome(store, "GRCh37", files["genome"], simulated=True),
            lambda: StoreFolder(store).gc(),
        ):
            with pytest.raises(StoreLocked, match="another process is writing"):
                attempt()
        assert tree(store) == before
        assert rows(store) == early.sql("select count(*) from lrb_eqtl").fetchall() == [(20,)]
    ingest(store, "lrb", [files["2"]], simulated=True)
    assert rows(store) == [(30,)]


def test_a_killed_writer_leaves_no_lock(store, files):
    with beside(HOLDER, store) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
        assert ingest(store, "lrb", [files["2"]], simulated=True).manifest.release.startswith("0003-")


def test_a_lock_on_a_file_that_was_taken_away_keeps_nobody_in(tmp_path):
    """A writer that comes to nothing in a new folder takes its lock file away; a rival that had opened that file holds nothing."""
    folder = StoreFolder(tmp_path / "new")
    real = fcntl.flock

    def slow(handle, how):
        (tmp_path / "new" / "lock").unlink()
        real(handle, how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", slow)
        with pytest.raises(StoreLocked), folder.writer():
            pytest.fail("nobody may write here")


@pytest.mark.slow
def test_a_relation_made_before_a_publish_stays_good(store, files):
    with lrbstore.open(store) as early:
        relation = early.sql("select count(*) from lrb_eqtl")
        ingest(store, "lrb", [files["2"]], simulated=True)
        assert StoreFolder(store).gc()[2] == [early.release]
        assert relation.fetchall() == early.sql("select count(*) from lrb_eqtl").fetchall() == [(20,)]
        assert rows(store) == [(30,)]
    removed, gone, spared = StoreFolder(store).gc()
    assert (removed, spared) == ([early.release], [])
    assert gone == []  # version 1 is still in the current release's history
    assert rows(store, "select count(*) from history.lrb_eqtl") == [(50,)]


def test_the_same_genome_again_changes_nothing(store, files):
    add_genome(store, "GRCh38", files["genome"], simulated=True, copy=True)  # it was read where it lies before
    current, before = StoreFolder(store).manifest(), tree(store)
    assert len(StoreFolder(store).releases()) == 3
    again = run("genome", "add", "hg38", files["genome"], "--simulated", "--copy", "--store", store)
    assert again.returncode == 0
    assert b"tiny.fa: already in the store, nothing to do" in again.stderr
    assert (StoreFolder(store).manifest(), tree(store)) == (current, before)
    (copy,) = store.rglob("*.fa")
    copy.unlink()  # what is the store's own is made again, and stays
    assert add_genome(store, "GRCh38", files["genome"], simulated=True, copy=True) == current
    assert tree(store) == before
    stamp = files["genome"].stat()
    os.utime(files["genome"], ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))  # the record says when the file was written
    try:
        assert add_genome(store, "GRCh38", files["genome"], simulated=True) != current
    finally:
        os.utime(files["genome"], ns=(stamp.st_atime_ns, stamp.st_mtime_ns))


@pytest.mark.slow
def test_gc_spares_a_release_that_another_process_has_open(store, files):
    with beside(READER, store) as reader:
        old = reader.stdout.readline().strip()
        # In another way than before, so that variant_reference is replaced: the old release's files are its own.
        add_genome(store, "GRCh38", files["genome"], simulated=True, copy=True)
        removed, _, spared = StoreFolder(store).gc()
        assert spared == [old]
        assert old not in removed
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "20\n"
        assert reader.stdout.readline() == "closed\n"
        removed, gone, spared = StoreFolder(store).gc()
        assert (removed, spared) == ([old], [])
        assert {p.parent.name for p in gone} == {"variant_reference"}
    assert failures(store) == []


def test_gc_frees_a_release_whose_store_was_dropped_without_closing(store, files):
    old = lrbstore.open(store).release
    ingest(store, "lrb", [files["2"]], simulated=True)
    assert old in StoreFolder(store).gc()[0]


def test_gc_keeps_as_many_as_told_and_the_current_one_always(store, files):
    ingest(store, "lrb", [files["2"]], simulated=True)
    folder = StoreFolder(store)
    first, second, third = folder.releases()
    assert folder.gc(keep=2)[0] == [first]
    assert folder.gc(keep=0)[0] == [second]
    assert folder.releases() == [folder.current] == [third]
    assert folder.gc() == ([], [], [])


def test_gc_of_no_store_makes_none(tmp_path):
    with pytest.raises(MissingData, match="there is no store"):
        StoreFolder(tmp_path / "none").gc()
    assert not (tmp_path / "none").exists()


def test_opening_while_others_publish_and_collect_never_sees_half_a_release(store):
    folder, stop, wrong, opened = StoreFolder(store), threading.Event(), [], 0

    def read() -> None:
        nonlocal opened
        while not stop.is_set():
            try:
                manifest, held = folder.open()
                missing = [f.path for f in manifest.files if not (store / f.path).is_file()]
                if missing or not folder.manifest_path(manifest.release).is_file():
                    wrong.append((manifest.release, missing))
                opened += 1
                os.close(held)
                time.sleep(0.001)
            except Exception as error:
                wrong.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    base_files = folder.manifest().files
    for k in range(20):
        with folder.writer() as publication:
            path = publication.data_path("reject", f"n{k}")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(store / base_files[0].path, path)
            own = base_files[0].model_copy(update={"table": "reject", "path": path.relative_to(store).as_posix()})
            publication.publish(publication.draft(files=(*base_files, own)))
        folder.gc()
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert opened > 20


# ── releases by name ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_old_releases_are_readable_by_name(store, files):
    ingest(store, "lrb", [files["2"]], simulated=True)
    genome_only, first, second = StoreFolder(store).releases()
    counts = []
    for release in (genome_only, first, second):
        with lrbstore.open(store, release=release) as opened:
            assert opened.release == release
            counts.append(opened.sql("select count(*) from history.lrb_eqtl").fetchall()[0][0])
    assert counts == [0, 20, 50]


def test_an_unknown_release_offers_near_names(store):
    current = StoreFolder(store).current
    with pytest.raises(UnknownName, match=f"did you mean .*{current}"):
        lrbstore.open(store, release=current[:-1] + "z")
    with pytest.raises(UnknownName, match="unknown release"):
        lrbstore.open(store, release="../CURRENT")


def test_release_ten_thousand_is_newer_than_release_nine(store):
    folder = StoreFolder(store)
    with folder.writer() as publication:
        draft = publication.draft()
    for name in ("9999-00000000", "10000-00000000"):
        manifest = draft.model_copy(update={"release": name, "parent": folder.current, "created": "2026-01-01T00:00:00+00:00"})
        folder.manifest_path(name).write_text(manifest.model_dump_json())
        (store / "CURRENT").write_text(name + "\n")
    assert folder.releases()[-2:] == ["9999-00000000", "10000-00000000"]
    with folder.writer() as publication:
        assert publication.publish(publication.draft(note="next")).release.startswith("10001-")
    assert folder.current.startswith("10001-")


# ── stores of another lrbstore, and damaged ones ─────────────────────────────────────────────────────────────────────────────────────


def every_way_in(store: Path, files: dict[str, Path]) -> list:
    return [
        lambda: lrbstore.open(store),
        lambda: ingest(store, "lrb", [files["2"]], simulated=True),
        lambda: add_genome(store, "GRCh38", files["genome"], simulated=True),
        lambda: StoreFolder(store).gc(),
    ]


@pytest.mark.parametrize(
    ("by", "error", "advice"), [(1, SchemaTooNew, "pip install --upgrade"), (-1, SchemaTooOld, "ingest the upstream files")]
)
def test_a_store_of_another_schema_is_refused_and_untouched(store, files, by, error, advice):
    path = StoreFolder(store).manifest_path(StoreFolder(store).current)
    manifest = json.loads(path.read_text())
    manifest["schema_version"] = SCHEMA_VERSION + by
    manifest["something_that_this_version_does_not_know"] = [1]
    path.write_text(json.dumps(manifest))
    before = tree(store)
    for attempt in every_way_in(store, files):
        with pytest.raises(error, match=advice):
            attempt()
        assert tree(store) == before


GARBAGE = {
    "empty": lambda raw: b"",
    "truncated": lambda raw: raw[: len(raw) // 2],
    "binary": lambda raw: bytes(range(256)) * 4,
    "another JSON": lambda raw: f'{{"schema_version": {SCHEMA_VERSION}, "hello": 2}}'.encode(),
    "a list": lambda raw: b"[]",
    "rows do not add up": lambda raw: raw.replace(b'"rows_rejected": 0', b'"rows_rejected": 1', 1),
}


@pytest.mark.parametrize("how", GARBAGE)
def test_a_damaged_manifest_is_one_clear_error_and_untouched(store, files, how):
    path = StoreFolder(store).manifest_path(StoreFolder(store).current)
    raw = path.read_bytes()
    path.write_bytes(GARBAGE[how](raw))
    assert path.read_bytes() != raw
    before = tree(store)
    for attempt in every_way_in(store, files):
        with pytest.raises(ContractBroken, match=path.name):
            attempt()
        assert tree(store) == before


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe\x00", b"0099-deadbeef\n", b"../../../etc/passwd", b"0002-"], ids=repr)
def test_a_damaged_current_is_one_clear_error_and_untouched(store, files, garbage):
    newest = StoreFolder(store).current
    (store / "CURRENT").write_bytes(garbage)
    before = tree(store)
    for attempt in every_way_in(store, files):
        with pytest.raises(ContractBroken, match=f"CURRENT.*{newest}"):
            attempt()
        assert tree(store) == before


def test_a_store_that_lost_its_current_is_not_begun_anew(store, files):
    """A new start would publish a release without a past, and gc would then take every file of the old ones."""
    newest = StoreFolder(store).current
    (store / "CURRENT").unlink()
    before = tree(store)
    for attempt in every_way_in(store, files):
        with pytest.raises(ContractBroken, match=f"CURRENT is missing.*{newest}"):
            attempt()
        assert tree(store) == before
    (store / "CURRENT").write_text(newest)  # what the message advises
    assert rows(store) == [(20,)]


@pytest.mark.slow
def test_an_old_manifest_that_is_damaged_fails_verify_and_stops_gc(store):
    old = StoreFolder(store).releases()[0]
    StoreFolder(store).manifest_path(old).write_text("{")
    before = tree(store)
    assert rows(store) == [(20,)]
    assert [(f.check, old in f.said) for f in verify(lrbstore.open(store)) if f.level == "failure"] == [("release", True)]
    # Nobody knows which files that release names: nothing may be called an orphan.
    with pytest.raises(ContractBroken, match=old):
        StoreFolder(store).orphans()
    with contextlib.suppress(LrbStoreError):
        StoreFolder(store).gc(keep=9)
    assert tree(store) == before


@pytest.mark.parametrize("what", ["nothing", "an empty folder", "a folder of other things", "a file"])
def test_what_is_not_a_store_says_how_to_make_one(tmp_path, what):
    path = tmp_path / "here"
    if what == "a file":
        path.write_text("hello")
    elif what != "nothing":
        path.mkdir()
    if what == "a folder of other things":
        (path / "data").mkdir()
        (path / "data" / "x.parquet").write_bytes(b"PAR1")
    before = tree(tmp_path)
    with pytest.raises(MissingData, match=r"there is no store at .*lrbstore ingest"):
        lrbstore.open(path)
    assert tree(tmp_path) == before


def test_a_path_that_cannot_be_a_folder_is_one_clear_error(tmp_path, files):
    (tmp_path / "file").write_text("hello")
    with pytest.raises(CannotWrite, match="--store"):
        ingest(tmp_path / "file", "lrb", [files["1"]])
    assert (tmp_path / "file").read_text() == "hello"


READ_ONLY = """
import os, sys
from pathlib import Path
import lrbstore
from lrbstore.errors import CannotWrite
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.spec import sources
sources()
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = Path(sys.argv[1])
with lrbstore.open(store) as opened:
    print(opened.sql("select count(*) from lrb_eqtl").fetchall()[0][0], opened.genome("GRCh38").fetch("chr1", 0, 8).decode())
try:
    ingest(store, "lrb", [Path(sys.argv[2])], simulated=True)
except CannotWrite as error:
    print(error)
"""


@pytest.mark.slow
def test_a_read_only_store_can_be_read_and_is_not_written(base, files, tmp_path):
    """The interpreter's user owns nothing there; root gives its rights away first."""
    home = tmp_path / "ro"
    shutil.copytree(base, home / "store")
    shutil.copy(files["2"], home / "All_Tissues.csv")
    copied = home / "tiny.fa"
    shutil.copy2(files["genome"], copied)
    add_genome(home / "store", "GRCh38", copied, simulated=True, copy=True)
    before = tree(home)
    for path in [*home.rglob("*"), home]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    # The package itself must be readable by a stranger too, wherever this checkout and its environment lie.
    parents = {*home.parents, *Path(lrbstore.__file__).resolve().parents, *Path(sys.prefix).resolve().parents}
    opened_up = [p for p in parents if p.stat().st_uid == os.getuid() and not p.stat().st_mode & 0o001]
    modes = {p: p.stat().st_mode for p in opened_up}
    try:
        for path in opened_up:
            path.chmod(modes[path] | 0o011)
        command = [sys.executable, "-c", READ_ONLY, str(home / "store"), str(home / "All_Tissues.csv")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
        for path in [home, *home.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "20 ACGTTGCA"
    assert "cannot write to the store" in second
    assert tree(home) == before


def test_a_release_is_named_by_number_and_content(base, files, tmp_path):
    first = ingest(tmp_path / "a", "lrb", [files["2"]], simulated=True).manifest
    again = ingest(tmp_path / "b", "lrb", [files["2"]], simulated=True).manifest
    assert first.release == again.release, "the same files give the same content"
    assert ingest(tmp_path / "c", "lrb", [files["1"]], simulated=True).manifest.release != first.release
    assert first.parent is None
    assert StoreFolder(base).manifest().parent == StoreFolder(base).releases()[0]


# ── what does not fit into memory ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_killed_ingest_put_to_disk_is_an_orphan_until_the_next_writer_comes(base, files, tmp_path):
    store = Path(shutil.copytree(base, tmp_path / "store"))
    spilt = store / "scratch" / "0a1b2c3d" / "duckdb_temp_storage.tmp"
    for clean in (lambda: StoreFolder(store).gc(), lambda: ingest(store, "lrb", [files["2"]], simulated=True)):
        spilt.parent.mkdir(parents=True)
        spilt.write_bytes(b"pages")
        assert StoreFolder(store).orphans() == [spilt]
        clean()
        assert not (store / "scratch").exists()


def test_an_ingest_spills_below_its_store_and_leaves_nothing_there(base, files, tmp_path, monkeypatch):
    store = Path(shutil.copytree(base, tmp_path / "store"))
    said = []
    close = pipeline.Job.close

    def look(job: pipeline.Job) -> object:
        said.extend(job.scratch.execute("select current_setting('temp_directory'), current_setting('memory_limit')").fetchall())
        return close(job)

    monkeypatch.setattr(pipeline.Job, "close", look)
    ingest(store, "lrb", [files["2"]], simulated=True)
    ((folder, limit),) = set(said)
    assert Path(folder).parent == store / "scratch"
    assert limit == "1.3 GiB"
    assert not (store / "scratch").exists()


def test_a_full_disk_is_named_when_duckdb_meets_it_while_spilling(base, files, tmp_path, monkeypatch):
    store = Path(shutil.copytree(base, tmp_path / "store"))
    before = tree(store)

    def full(job: pipeline.Job) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr(pipeline.Job, "close", full)
    with pytest.raises(CannotWrite, match=r"No space left.*--store"):
        ingest(store, "lrb", [files["2"]], simulated=True)
    assert tree(store) == before
