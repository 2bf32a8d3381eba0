"""Genomes: registration refuses what is not the assembly, and every base that is read is the one pyfaidx reads."""

import contextlib
import gzip
import hashlib
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyfaidx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore import bases as cutting
from lrbstore import encoding as enc
from lrbstore.assembly import assembly
from lrbstore.errors import BadSpec, ContigNotFound, HashMismatch, MissingData, OutOfContig, UnknownName, WrongAssembly
from lrbstore.genome import Genome, GenomeRecord, check_cache, register_fasta, write_cache

REALDATA = Path(__file__).resolve().parents[1].parent / "shared" / "realdata"
needs_realdata = pytest.mark.skipif(not REALDATA.is_dir(), reason="real upstream files are not beside this checkout")
HG38 = assembly("GRCh38")
LETTERS = np.frombuffer(b"ACGTACGTACGTacgtNnRyKm", np.uint8)


def random_bases(length, seed):
    return LETTERS[np.random.default_rng(seed).integers(0, len(LETTERS), length)].tobytes().decode()


CONTIGS = {
    "chr2": random_bases(1_003, 1),
    "chr1": random_bases(2_400, 2),
    "chrM": "a",
    "chrX": random_bases(60, 3),
    "chr9": random_bases(59, 4),
}


def fasta_text(contigs, width=60, eol="\n", last=True):
    parts = []
    for name, bases in contigs.items():
        parts += [f">{name} some description > 5"] + [bases[i : i + width] for i in range(0, len(bases), width)]
    return (eol.join(parts) + (eol if last else "")).encode()


def write_fasta(path, contigs=CONTIGS, **how):
    path.write_bytes(fasta_text(contigs, **how))
    return path


def register(path, folder, **how):
    return register_fasta(path, HG38, folder, simulated=how.pop("simulated", True), **how)


def plain(bases):
    """The contract's letters, by another way than the code's table."""
    return "".join(c if c in "ACGT" else "N" for c in bases.upper())


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    return Genome(register(write_fasta(folder / "toy.fa"), folder / "store"))


def random_windows(lengths, length, n, seed):
    rng = np.random.default_rng(seed)
    chroms = [chrom for chrom, bases in lengths.items() if bases >= length]
    picked = [chroms[i] for i in rng.integers(0, len(chroms), n)]
    starts = np.array([rng.integers(0, lengths[c] - length + 1) for c in picked])
    # the first and the last window of every contig are always among them
    picked += chroms * 2
    return picked, np.concatenate([starts, [0] * len(chroms), [lengths[c] - length for c in chroms]]).astype(np.int64)


# --- sequences, against pyfaidx


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("width", [1, 7, 59, 60, 61, 5_000])
@pytest.mark.parametrize("last", [True, False])
def test_windows_are_pyfaidx_windows(tmp_path, width, eol, last):
    path = write_fasta(tmp_path / "g.fa", width=width, eol=eol, last=last)
    record = register(path, tmp_path / "store")
    genome = Genome(record)
    assert genome.lengths == {name: len(bases) for name, bases in sorted(CONTIGS.items(), key=lambda c: list(HG38.lengths).index(c[0]))}
    asked = []
    with pyfaidx.Fasta(str(shutil.copy(path, tmp_path / "oracle.fa")), as_raw=True) as oracle:
        for length in (1, 2, 31, 60, 61, 200, 1_003):  # lengths around a line, and around a piece
            chroms, starts = random_windows(genome.lengths, length, 12, seed=length)
            asked.append((length, chroms, starts, [plain(oracle[c][s : s + length]) for c, s in zip(chroms, starts.tolist(), strict=True)]))

    def check(genome):
        for length, chroms, starts, expected in asked:
            assert enc.to_text(genome.windows(chroms, starts, length)) == expected
            assert genome.windows(chroms, starts, length, encoding="text") == expected
            minus = np.arange(len(starts)) % 3 == 0
            turned = [enc.reverse_complement_text(one) if is_minus else one for one, is_minus in zip(expected, minus, strict=True)]
            assert enc.to_text(genome.windows(chroms, starts, length, reverse=minus)) == turned
            assert genome.windows(chroms, starts, length, encoding="text", reverse=minus) == turned
        for chrom, bases in CONTIGS.items():
            assert genome.fetch(chrom, 0, len(bases)).decode() == plain(bases)

    check(genome)
    check(Genome(record.model_copy(update={"other": None})))  # as if a file had too many IUPAC codes to list them
    with small_pieces():
        check(Genome(record))
    write_cache(record)
    path.unlink()  # the FASTA is no longer needed
    check(Genome(record))
    with small_pieces():
        check(Genome(record))


@contextlib.contextmanager
def small_pieces():
    """Cut toys as genomes are cut: in many pieces, by several threads, long windows row by row."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "_PIECE", 128)
        patch.setattr(cutting, "_PIECE_OF_LINES", 256)
        patch.setattr(cutting, "_GATHER_UP_TO", 100)
        patch.setattr(cutting, "_SHARE", 256)
        cutting.set_threads(3)
        yield
    cutting.set_threads(1)


def test_lines_of_several_lengths_in_one_batch(tmp_path):
    path = tmp_path / "g.fa"
    path.write_bytes(b"".join(fasta_text({name: CONTIGS[name]}, width=w) for name, w in (("chr1", 60), ("chr2", 25), ("chrX", 100))))
    genome = Genome(register(path, tmp_path / "store"))
    for small in (contextlib.nullcontext(), small_pieces()):
        with small:
            chroms, starts = random_windows(genome.lengths, 51, 40, seed=3)
            expected = [plain(CONTIGS[c])[s : s + 51] for c, s in zip(chroms, starts.tolist(), strict=True)]
            assert genome.windows(chroms, starts, 51, encoding="text") == expected


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_interval_is_the_slice(toy, data):
    chrom = data.draw(st.sampled_from(sorted(CONTIGS)))
    start = data.draw(st.integers(0, len(CONTIGS[chrom])))
    end = data.draw(st.integers(start, len(CONTIGS[chrom])))
    expected = plain(CONTIGS[chrom])[start:end]
    assert toy.fetch(chrom, start, end).decode() == expected
    if start < end:
        assert toy.windows([chrom], [start], end - start, encoding="text") == [expected]


def test_every_encoding_and_a_buffer_of_its_own(toy):
    for length in (5, 50):  # short and long windows are cut in two ways
        chroms, starts = random_windows(toy.lengths, length, 20, seed=9)
        letters = toy.windows(chroms, starts, length)
        assert letters.dtype == np.uint8
        assert letters.shape == (len(chroms), length)
        for encoding, dtype in (("bytes", np.uint8), ("codes", np.int8), ("one_hot", np.uint8), ("one_hot_float32", np.float32)):
            expected = enc.encode(letters, encoding)
            found = toy.windows(chroms, starts, length, encoding=encoding)
            assert found.dtype == dtype
            assert np.array_equal(found, expected)
            buffer = np.full(expected.shape, 99, dtype)
            assert toy.windows(chroms, starts, length, encoding=encoding, out=buffer) is buffer
            assert np.array_equal(buffer, expected)
            twin = np.full(expected.shape, 99, dtype)
            for small in (contextlib.nullcontext(), small_pieces()):
                with small:
                    toy.windows(chroms, starts, length, encoding=encoding, out=buffer, twin=twin)
                assert np.array_equal(twin, expected)
                twin[...] = 99
            wide = np.full((*expected.shape[:-1], length * 2), 99, dtype)[..., ::2]  # a view with gaps
            assert np.array_equal(toy.windows(chroms, starts, length, encoding=encoding, out=wide), expected)


@pytest.mark.parametrize(
    ("encoding", "buffer"),
    [
        ("bytes", np.empty((1, 9), np.uint8)),
        ("bytes", np.empty((1, 10), np.int8)),
        ("codes", np.empty((1, 10), np.uint8)),
        ("one_hot", np.empty((1, 10, 4), np.uint8)),
        ("bytes", [[0] * 10]),
        ("text", np.empty((1, 10), np.uint8)),
    ],
)
def test_a_buffer_that_does_not_fit_is_refused(toy, encoding, buffer):
    with pytest.raises(BadSpec, match="buffer"):
        toy.windows(["chr1"], [0], 10, encoding=encoding, out=buffer)


def test_a_read_only_buffer_is_refused(toy):
    buffer = np.empty((1, 10), np.uint8)
    buffer.flags.writeable = False
    with pytest.raises(BadSpec, match="writable"):
        toy.windows(["chr1"], [0], 10, out=buffer)


def test_contig_names_in_any_spelling_and_kind_of_column(toy):
    import polars as pl
    import pyarrow as pa

    expected = [plain(CONTIGS[c][3:8]) for c in ("chr1", "chr2", "chrX")]
    for names in (
        ["1", "NC_000002.12", "x"],
        ("chr1", "chr2", "chrX"),
        np.array(["chr1", "chr2", "chrX"]),
        pa.array(["chr1", "chr2", "X"]),
    ):
        assert toy.windows(names, [3, 3, 3], 5, encoding="text") == expected
    assert toy.windows(pl.Series(["chr1", "2", "chrX"]), pl.Series([3, 3, 3]), 5, encoding="text") == expected
    assert toy.windows("1", pa.array([3, 3]), np.int64(5), encoding="text") == [expected[0]] * 2
    assert toy.fetch("MT", 0, 1) == b"A"


def test_no_rows_give_an_empty_batch(toy):
    assert toy.windows([], [], 5).shape == (0, 5)
    assert toy.windows([], [], 500, encoding="one_hot").shape == (0, 4, 500)
    assert toy.windows([], [], 5, encoding="text") == []


# --- what is refused at reading


@pytest.mark.parametrize(("start", "length"), [(-1, 5), (2_396, 5), (2_400, 1), (0, 2_401), (2**62, 5), (-(2**62), 5), (2**63 - 1, 50)])
def test_off_the_contig_is_an_error_that_names_the_first_row(toy, start, length):
    ends = {"chr1": 2_400, "chr2": 1_003}
    first = 0 if length <= 1_003 else None
    chroms, starts = ("chr2", "chr1", "chr1"), [0, start, start]
    if first is None:
        chroms, starts = ("chr1", "chr1"), [start, start]
    with pytest.raises(OutOfContig, match=rf"row {0 if first is None else 1}: chr1:{start}-{start + length} .*{ends['chr1']} bases"):
        toy.windows(chroms, starts, length)
    with pytest.raises(IndexError):
        toy.fetch("chr1", start, start + length)


def test_the_last_window_is_legal(toy):
    assert toy.windows("chr1", [2_395], 5, encoding="text") == [plain(CONTIGS["chr1"])[-5:]]
    assert toy.fetch("chr1", 2_400, 2_400) == b""
    with pytest.raises(OutOfContig):
        toy.fetch("chr1", 5, 4)


def test_unknown_and_absent_contigs(toy):
    with pytest.raises(ContigNotFound, match="row 1: GRCh38 has no contig 'chr77'"):
        toy.windows(["chr1", "chr77"], [0, 0], 5)
    with pytest.raises(ContigNotFound, match=r"row 0: the registered genome GRCh38 lacks the contig chr3.*lrbstore genome add"):
        toy.windows(["3"], [0], 5)
    with pytest.raises(KeyError):
        toy.windows([None], [0], 5)


@pytest.mark.parametrize(("starts", "length"), [([0.5], 5), (["0"], 5), ([[0]], 5), ([0, 1, 2], 5), ([0], 0), ([0], -3)])
def test_impossible_questions(toy, starts, length):
    with pytest.raises(BadSpec):
        toy.windows(["chr1"], starts, length)


def test_unknown_encoding(toy):
    with pytest.raises(UnknownName, match="one_hot"):
        toy.windows(["chr1"], [0], 5, encoding="onehot")


# --- processes


def _whole(genome):
    return {chrom: genome.fetch(chrom, 0, length) for chrom, length in genome.lengths.items()}


def _read_much(genome, seed, answers):
    wrong = 0
    for turn in range(40):
        length = (1, 20, 90, 700)[turn % 4]
        chroms, starts = random_windows(genome.lengths, length, 25, seed=seed * 1_000 + turn)
        found = genome.windows(chroms, starts, length, encoding="text")
        wrong += sum(plain(CONTIGS[c][s : s + length]) != bases for c, s, bases in zip(chroms, starts.tolist(), found, strict=True))
    wrong += sum(bases.decode() != plain(CONTIGS[chrom]) for chrom, bases in _whole(genome).items())
    answers.put((wrong, os.getpid()))


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_read_every_base_right(toy, method):
    genome = Genome(toy.record)
    genome.fetch("chr1", 0, 5)  # the map exists before the fork, as in a data loader
    before = genome._mapped
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    workers = [context.Process(target=_read_much, args=(genome, seed, answers)) for seed in range(4 if method == "fork" else 1)]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0] * len(workers)
    assert [wrong for wrong, _ in found] == [0] * len(workers)
    assert len({pid for _, pid in found} - {os.getpid()}) == len(workers)
    assert genome._mapped is before  # this process keeps its own
    answers.close()
    answers.join_thread()


def test_a_forked_process_maps_for_itself(toy, monkeypatch):
    genome = Genome(toy.record)
    genome.fetch("chr1", 0, 5)
    before = genome._mapped
    monkeypatch.setattr(os, "getpid", lambda: before[0] + 1)
    genome.fetch("chr1", 0, 5)
    assert genome._mapped is not before
    assert genome._mapped[0] == before[0] + 1


def test_pickle_carries_the_record_only(toy):
    toy.fetch("chr1", 0, 5)
    text = pickle.dumps(toy)
    assert len(text) < 3_000
    copy = pickle.loads(text)
    assert copy._mapped is None
    assert copy.record == toy.record
    assert _whole(copy) == _whole(toy)


# --- registration


def test_the_record_says_what_there_is(tmp_path):
    contigs = {"HLA-A*01:01": "ACGT", **CONTIGS}
    path = write_fasta(tmp_path / "mine" / "g.fa" if (tmp_path / "mine").mkdir() is None else None, contigs)
    steps = []
    record = register(path, tmp_path / "store" / "genomes", progress=lambda *step: steps.append(step))
    assert record.assembly == "GRCh38"
    assert record.simulated
    assert (record.origin, record.path, record.source_path) == ("referenced", path, path)
    assert record.ignored == ("HLA-A*01:01",)
    assert record.contigs == {chrom: len(CONTIGS[chrom]) for chrom in ("chr1", "chr2", "chr9", "chrX", "chrM")}
    assert list(record.contigs) == ["chr1", "chr2", "chr9", "chrX", "chrM"]
    assert record.names == {chrom: chrom for chrom in record.contigs}
    assert record.fasta_bytes == path.stat().st_size
    assert list(path.parent.iterdir()) == [path]  # nothing is written beside the user's file
    assert list((tmp_path / "store" / "genomes").iterdir()) == [record.index]
    assert GenomeRecord.model_validate_json(record.model_dump_json()) == record
    assert {step for step, _, _ in steps} == {"read"}
    assert all(0 < done <= size == path.stat().st_size for _, done, size in steps)
    lines = sorted(f"{c}\t{len(b)}\t{hashlib.md5(b.upper().encode()).hexdigest()}\n" for c, b in CONTIGS.items())
    assert record.digest == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_digest_is_of_the_sequence_alone(tmp_path):
    digests = {register(write_fasta(tmp_path / "a.fa"), tmp_path / "s").digest}
    digests.add(register(write_fasta(tmp_path / "b.fa", width=17, eol="\r\n", last=False), tmp_path / "s").digest)
    digests.add(register(write_fasta(tmp_path / "c.fa", dict(reversed(CONTIGS.items()))), tmp_path / "s").digest)
    digests.add(register(write_fasta(tmp_path / "d.fa", {c: b.lower() for c, b in CONTIGS.items()}), tmp_path / "s").digest)
    digests.add(register(write_fasta(tmp_path / "e.fa", {c.removeprefix("chr"): b for c, b in CONTIGS.items()}), tmp_path / "s").digest)
    digests.add(register(write_fasta(tmp_path / "f.fa", {**CONTIGS, "other": "ACGT"}), tmp_path / "s").digest)
    assert len(digests) == 1
    changed = {**CONTIGS, "chrX": ("A" if CONTIGS["chrX"][0].upper() != "A" else "C") + CONTIGS["chrX"][1:]}
    assert register(write_fasta(tmp_path / "g.fa", changed), tmp_path / "s").digest not in digests
    fewer = {c: b for c, b in CONTIGS.items() if c != "chrX"}
    assert register(write_fasta(tmp_path / "h.fa", fewer), tmp_path / "s").digest not in digests


def _bgzip(content, closed=True):
    """Blocks as bgzip writes them: gzip members that carry their own size, closed by an empty one."""
    blocks = []
    for start in range(0, len(content), 1_000):
        member = gzip.compress(content[start : start + 1_000], mtime=0)
        extra = b"BC\x02\x00" + (len(member) + 8 - 1).to_bytes(2, "little")
        blocks.append(member[:3] + b"\x04" + member[4:10] + len(extra).to_bytes(2, "little") + extra + member[10:])
    return b"".join(blocks) + (bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000") if closed else b"")


@pytest.mark.parametrize("pack", [gzip.compress, _bgzip])
def test_gzip_is_decoded_once_into_the_store(tmp_path, pack):
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "g.fa.gz"
    path.write_bytes(pack(fasta_text(CONTIGS)))
    record = register(path, tmp_path / "store")
    assert (record.origin, record.source_path) == ("decoded", path)
    assert sorted((tmp_path / "store").iterdir()) == sorted([record.path, record.index])
    assert list(path.parent.iterdir()) == [path]
    assert record.path.read_bytes() == fasta_text(CONTIGS)
    assert _whole(Genome(record)) == {c: plain(b).encode() for c, b in CONTIGS.items()}
    assert record.digest == register(write_fasta(tmp_path / "plain.fa"), tmp_path / "other").digest
    reader = Genome(record)
    reader.fetch("chr1", 0, 5)
    assert register(path, tmp_path / "store") == record  # again changes nothing, and does not disturb a reader
    assert sorted((tmp_path / "store").iterdir()) == sorted([record.path, record.index])
    assert _whole(reader) == _whole(Genome(record))


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(fasta_text(CONTIGS), mtime=0)[:-9],
        gzip.compress(fasta_text(CONTIGS), mtime=0)[:40],
        gzip.compress(fasta_text(CONTIGS), mtime=0)[:5],
        gzip.compress(fasta_text(CONTIGS), mtime=0)[:-8] + b"\0" * 8,  # wrong checksum
        gzip.compress(fasta_text(CONTIGS), mtime=0)[:60] + b"\xff" * 30 + gzip.compress(fasta_text(CONTIGS), mtime=0)[90:],
        _bgzip(fasta_text(CONTIGS), closed=False),  # cut off between two blocks: every block is whole
        _bgzip(fasta_text(CONTIGS))[:-40],
        _bgzip(fasta_text(CONTIGS))[:300] + b"\xff" * 9 + _bgzip(fasta_text(CONTIGS))[309:],
        _bgzip(fasta_text(CONTIGS), closed=False) + b"stray bytes, and not a few" + _bgzip(b""),
        _bgzip(fasta_text(CONTIGS)[:900], closed=False)[:-6] + b"\0" * 6 + _bgzip(b""),  # wrong checksum and size
    ],
)
def test_a_damaged_gzip_is_one_clear_error_and_leaves_nothing(tmp_path, content):
    path = tmp_path / "g.fa.gz"
    path.write_bytes(content)
    with pytest.raises(BadSpec, match=r"g\.fa\.gz is not a whole gzip file.*fetch it again"):
        register(path, tmp_path / "store")
    assert not (tmp_path / "store").exists()
    (tmp_path / "kept").mkdir()
    with pytest.raises(BadSpec):
        register(path, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_copy_needs_the_users_file_no_more(tmp_path):
    path = write_fasta(tmp_path / "g.fa")
    record = register(path, tmp_path / "store", copy=True)
    assert record.origin == "copied"
    assert record.path.parent == tmp_path / "store"
    path.unlink()
    assert _whole(Genome(record)) == {c: plain(b).encode() for c, b in CONTIGS.items()}


def test_a_plain_file_named_like_a_packed_one(tmp_path):
    record = register(write_fasta(tmp_path / "g.fa.gz"), tmp_path / "store")
    assert record.origin == "copied"
    assert Genome(record).fetch("chr1", 0, 9).decode() == plain(CONTIGS["chr1"][:9])


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "mine").mkdir()
    path = write_fasta(tmp_path / "mine" / "g.fa")
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        record = register(path, tmp_path / "store")
        assert Genome(record).fetch("chr2", 5, 50).decode() == plain(CONTIGS["chr2"][5:50])
        assert [p.name for p in path.parent.iterdir()] == ["g.fa"]
    finally:
        path.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n", "not a FASTA"),
        (b"hello world\n", "not a FASTA"),
        (b"@read\nACGT\n+\nIIII\n", "not a FASTA"),
        (b"\x89PNG\r\n\x1a\n", "not a FASTA"),
        (b"BZh91AY", "not a FASTA"),
        (b">chr1\n", "no bases|cannot be indexed"),
        (b">chr1\n>chr2\nACGT\n", "contig 'chr1' holds no bases|cannot be indexed"),
        (b">\nACGT\n", "cannot be indexed"),
        (b">chr1\nACGT\n>chr1\nACGT\n", "twice"),
        (b">chr1\nACGT\n>1\nACGT\n", "chr1 twice, as 'chr1' and '1'"),
        (b">chr1\nACGT\nAC\nACGT\n", "not consistent"),
        (b">chr1\nACGT\n\nACGT\n", "not consistent|uneven|not of one length"),
        (b">chr1\nACGT\nACGTAC\n", "not consistent|uneven|not of one length"),
        (b">chr1\n\nACGT\nACGT\n", "not consistent|uneven|not of one length"),
        (b">chr1\nAC GT\nAC GT\n", "' '"),
        (b">chr1\nACGT\n>chr2\nMEFILQ\n", "'E'"),
        (b">chr1\nAC\x00T\n", "nucleotide codes"),
        (b">chr1\n\xff\xfe\xff\n", "not text"),
        (b">chr1\nAC\rGT\nACGT\n", "uneven|not consistent|not of one length"),
    ],
)
def test_what_is_no_fasta_is_refused_and_leaves_nothing(tmp_path, content, says):
    path = tmp_path / "g.fa"
    path.write_bytes(content)
    with pytest.raises(BadSpec, match=says) as caught:
        register(path, tmp_path / "store")
    assert str(path) in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(MissingData, match="no FASTA"):
        register(tmp_path / "none.fa", tmp_path / "store")
    with pytest.raises(BadSpec, match="not a file"):
        register(tmp_path, tmp_path / "store")


def test_comments_and_blank_lines_around(tmp_path):
    (tmp_path / "g.fa").write_bytes(b"; a comment\n\n>chr1\nACGTA\nAC\n\n>chr2 x\nNNAC\n\n")
    genome = Genome(register(tmp_path / "g.fa", tmp_path / "store"))
    assert _whole(genome) == {"chr1": b"ACGTAAC", "chr2": b"NNAC"}


# --- the assembly guard


def sized(name, length):
    return {name: "N" * length}


def test_lengths_are_compared_with_the_assembly(tmp_path):
    path = write_fasta(tmp_path / "g.fa", {**sized("MT", 16_569), **sized("KI270394.1", 970), "chrEBV": "ACGT"})
    record = register(path, tmp_path / "store", simulated=False)
    assert record.contigs == {"chrM": 16_569, "KI270394.1": 970}
    assert record.names["chrM"] == "MT"
    assert record.ignored == ("chrEBV",)
    assert not record.simulated
    with pytest.raises(WrongAssembly, match=r"contig KI270394.1 has 971 bases, expected 970.*--simulated"):
        register(write_fasta(tmp_path / "h.fa", sized("KI270394.1", 971)), tmp_path / "store", simulated=False)
    assert register(tmp_path / "h.fa", tmp_path / "store").contigs == {"KI270394.1": 971}


def test_lengths_of_another_assembly_are_recognised(tmp_path):
    path = write_fasta(tmp_path / "g.fa", {**sized("chrM", 16_571), **sized("chr18_gl000207_random", 4_262)})
    with pytest.raises(WrongAssembly, match=r"contig chrM has 16571 bases, expected 16569; its lengths are those of GRCh37: run `lrbstore"):
        register(path, tmp_path / "store", simulated=False)
    assert not (tmp_path / "store").exists()
    assert set(register_fasta(path, assembly("GRCh37"), tmp_path / "store").contigs) == {"chrM", "chr18_gl000207_random"}


def test_no_known_contig_is_the_wrong_assembly(tmp_path):
    path = write_fasta(tmp_path / "g.fa", {"scaffold_1": "ACGT", "scaffold_2": "ACGT"})
    for simulated in (True, False):
        with pytest.raises(WrongAssembly, match=r"holds no contig of GRCh38: found scaffold_1, scaffold_2"):
            register(path, tmp_path / "store", simulated=simulated)


@pytest.mark.parametrize(
    ("spelling", "length", "chrom"), [("chrM", 16_569, "chrMT"), ("MT", 16_571, "chrM"), ("chrM", 16_571, "chrM"), ("MT", 16_569, "chrMT")]
)
def test_mitochondria_of_grch37_are_told_apart_by_length(tmp_path, spelling, length, chrom):
    record = register_fasta(write_fasta(tmp_path / "g.fa", sized(spelling, length)), assembly("hg19"), tmp_path / "store")
    assert record.contigs == {chrom: length}
    assert record.names == {chrom: spelling}


# --- files that change


def test_a_changed_file_is_noticed(tmp_path):
    path = write_fasta(tmp_path / "g.fa")
    record = register(path, tmp_path / "store")
    content, stat = path.read_bytes(), path.stat()
    path.write_bytes(content + b"\n")
    with pytest.raises(HashMismatch, match=r"lrbstore genome add GRCh38 .* --simulated` again"):
        Genome(record).fetch("chr1", 0, 1)
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))
    with pytest.raises(HashMismatch):
        Genome(record).windows("chr1", [0], 1)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Genome(record).fetch("chr1", 0, 1).decode() == plain(CONTIGS["chr1"][0])
    record.index.write_text(record.index.read_text().replace("\t2400\t", "\t2399\t"))
    with pytest.raises(HashMismatch, match="not the index"):
        Genome(record).fetch("chr1", 0, 1)
    record.index.unlink()
    with pytest.raises(MissingData, match="is gone; run `lrbstore genome add"):
        Genome(record).fetch("chr1", 0, 1)
    path.unlink()
    genome = Genome(record)
    with pytest.raises(MissingData, match="is gone; run `lrbstore genome add"):
        genome.fetch("chr1", 0, 1)
    assert genome.lengths["chr1"] == 2_400  # what the record says needs no file


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = write_fasta(tmp_path / "g.fa")
    with pytest.raises(HashMismatch, match="changed while it was read"):
        register(path, tmp_path / "store", progress=lambda *_: os.utime(path, ns=(0, 0)))
    assert not (tmp_path / "store").exists()


def test_blocks_of_a_large_contig_are_read_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("lrbstore.genome._BLOCK", 100)  # many blocks, and lines longer than one
    digests = {
        register(write_fasta(tmp_path / "g.fa", width=w, eol=e), tmp_path / "s").digest for w in (7, 60, 500, 9_999) for e in ("\n", "\r\n")
    }
    monkeypatch.undo()
    assert digests == {register(write_fasta(tmp_path / "g.fa"), tmp_path / "s").digest}


# --- real sequence


@needs_realdata
@pytest.mark.slow
def test_real_chromosomes(tmp_path):
    for name, chrom in (("GRCh38", "chr21"), ("GRCh37", "chr22")):
        script = [sys.executable, str(REALDATA / "build_genome.py"), name, str(tmp_path / f"{name}.fa"), chrom]
        subprocess.run(script, check=True)
    record = register_fasta(tmp_path / "GRCh38.fa", HG38, tmp_path / "store")
    assert record.contigs == {"chr21": 46_709_983}
    genome = Genome(record)
    with gzip.open(REALDATA / "reference" / "GRCh38.chr21.24985581-26000306.fa.gz", "rt") as handle:
        piece = "".join(line.strip() for line in handle if not line.startswith(">")).upper()
    assert genome.fetch("21", 24_985_580, 26_000_306).decode() == piece
    assert genome.fetch("21", 24_985_570, 24_985_580) == b"N" * 10
    starts = np.random.default_rng(0).integers(24_985_580, 26_000_306 - 4_096, 50)
    assert genome.windows("chr21", starts, 4_096, encoding="text") == [piece[s : s + 4_096] for s in (starts - 24_985_580).tolist()]
    with pytest.raises(WrongAssembly, match="contig chr22 has 51304566 bases, expected 50818468; its lengths are those of GRCh37"):
        register_fasta(tmp_path / "GRCh37.fa", HG38, tmp_path / "store")
    assert register_fasta(tmp_path / "GRCh37.fa", assembly("GRCh37"), tmp_path / "store").contigs == {"chr22": 51_304_566}


# --- the flat cache


def test_the_cache_is_one_byte_a_base_named_after_the_sequence(tmp_path):
    path = write_fasta(tmp_path / "g.fa")
    record = register(path, tmp_path / "store")
    assert write_cache(record) == record.cache
    assert record.cache.read_bytes().decode() == "".join(plain(CONTIGS[chrom]) for chrom in record.contigs)
    other = register(write_fasta(tmp_path / "narrow.fa", width=7), tmp_path / "store")
    assert other.index != record.index
    assert other.cache == record.cache  # the same sequence in other lines
    check_cache(record)
    assert {p.name for p in record.index.parent.iterdir()} == {record.index.name, other.index.name, record.cache.name}


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (lambda raw: raw[:-1], "has 3,522 bytes, expected one for each of 3,523 bases"),
        (lambda raw: b"", "has 0 bytes"),
        (lambda raw: raw[:2_500] + (b"C" if raw[2_500:2_501] != b"C" else b"A") + raw[2_501:], r"chr2:0-1003 is not what .*g\.fa has"),
    ],
)
def test_a_damaged_cache_is_told(tmp_path, how, says):
    record = register(write_fasta(tmp_path / "g.fa"), tmp_path / "store")
    write_cache(record)
    record.cache.write_bytes(how(record.cache.read_bytes()))
    with pytest.raises(HashMismatch, match=rf"{says}.*lrbstore genome cache GRCh38"):
        check_cache(record)


def test_contigs_go_by_their_places_too(toy):
    names = list(toy.lengths)
    chroms, starts = random_windows(toy.lengths, 40, 30, seed=5)
    places = np.array([names.index(chrom) for chrom in chroms])
    assert np.array_equal(toy.windows(places, starts, 40), toy.windows(chroms, starts, 40))
    for wrong in (places[:-1], places + 5, places - 1 - places.min()):
        with pytest.raises(BadSpec, match="places in lengths, 0 to 4"):
            toy.windows(wrong, starts, 40)


def test_a_file_that_is_not_in_memory_is_read_ahead(tmp_path):
    contigs = {"chr1": random_bases(3_000_000, 5)}
    genome = Genome(register(write_fasta(tmp_path / "g.fa", contigs), tmp_path / "store"))
    genome.fetch("chr1", 0, 1)
    genome._bases._ahead = 0  # as after a while
    with (tmp_path / "g.fa").open("rb") as handle:
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    starts = np.arange(0, 2_900_000, 50_021)
    assert genome.windows("chr1", starts, 300, encoding="text") == [plain(contigs["chr1"][s : s + 300]) for s in starts.tolist()]
