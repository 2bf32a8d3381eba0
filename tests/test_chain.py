"""Liftover against hand-made chains, a plain oracle, and positions that HapMap published on both assemblies."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore.chain import Chain, read_chain, reverse_complement
from lrbstore.errors import BadSpec, ContractBroken, MissingData, UnknownName, WrongAssembly

# 0-based blocks: chr1 10-20 -> chr1 110-120, chr1 25-30 -> chr1 122-127 (5 bases only here, 2 only there).
PLAIN = "chain 1000 chr1 50 + 10 30 chr1 200 + 110 127 1\n10 5 2\n5\n\n"
# chr2 0-10 lies on the minus strand of chr3: 40-50 counted from the end of 100 bases, so base 0 is base 59.
MINUS = "chain 500 chr2 20 + 0 10 chr3 100 - 40 50 2\n10\n\n"


def written(folder: Path, text: str, name: str = "small.over.chain") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def chain_of(folder: Path, text: str, name: str = "small.over.chain") -> Chain:
    return read_chain(written(folder, text, name), "hg19", "hg38", source_lengths={}, target_lengths={})


def lifted(chain: Chain, chrom: str, *positions: int) -> list[tuple[str, int, str] | None]:
    found = chain.lift([chrom] * len(positions), list(positions))
    rows = zip(found.chrom, found.pos.tolist(), found.is_minus, found.is_mapped, strict=True)
    return [(c, p, "-" if minus else "+") if mapped else None for c, p, minus, mapped in rows]


def by_hand(text: str, chrom: str, pos: int) -> tuple[str, int, str] | None:
    """The format read the slow way: walk every chain, best score first, block by block."""
    chains = [part.split("\n") for part in text.strip().split("\n\n")]
    for lines in sorted(chains, key=lambda lines: -float(lines[0].split()[1])):
        _, _, from_name, _, _, from_start, _, to_name, to_size, strand, to_start, *_ = lines[0].split()
        if from_name != chrom:
            continue
        here, there = int(from_start), int(to_start)
        for line in lines[1:]:
            size, *gaps = map(int, line.split())
            if here <= pos - 1 < here + size:
                start = there + (pos - 1 - here)
                return (to_name, start + 1, "+") if strand == "+" else (to_name, int(to_size) - start, "-")
            here += size + (gaps[0] if gaps else 0)
            there += size + (gaps[1] if gaps else 0)
    return None


def test_bases_in_blocks_are_mapped_and_bases_in_gaps_are_not(tmp_path: Path) -> None:
    chain = chain_of(tmp_path, PLAIN)
    assert lifted(chain, "chr1", 10, 11, 20) == [None, ("chr1", 111, "+"), ("chr1", 120, "+")]
    assert lifted(chain, "chr1", 21, 25, 26, 30, 31) == [None, None, ("chr1", 123, "+"), ("chr1", 127, "+"), None]
    assert lifted(chain, "chr2", 15) == [None]
    assert (chain.source, chain.target, chain.n_chains, chain.n_blocks) == ("GRCh37", "GRCh38", 1, 2)


def test_a_minus_chain_counts_from_the_end(tmp_path: Path) -> None:
    chain = chain_of(tmp_path, PLAIN + MINUS)
    assert lifted(chain, "chr2", 1, 2, 10, 11) == [("chr3", 60, "-"), ("chr3", 59, "-"), ("chr3", 51, "-"), None]


def test_the_best_chain_that_covers_a_base_wins_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    low = "chain 10 chr1 50 + 5 40 chr5 99 + 0 35 3\n35\n\n"
    for text in (PLAIN + low, low + PLAIN):
        chain = chain_of(tmp_path, text)
        # Inside the better chain's gap (20-25) the lesser chain's block is the only one that covers the base.
        expected = [("chr5", 5, "+"), ("chr1", 111, "+"), ("chr5", 16, "+"), ("chr1", 123, "+"), ("chr5", 26, "+"), None]
        assert lifted(chain, "chr1", 10, 11, 21, 26, 31, 41) == expected
    ties = chain_of(tmp_path, low + low.replace("chr5", "chr6"))
    assert lifted(ties, "chr1", 10) == [("chr5", 5, "+")]


def test_names_are_those_of_the_store_however_they_are_spelt(tmp_path: Path) -> None:
    text = PLAIN.replace("chr1 50", "1 50").replace("chr1 200", "NC_000001.11 200")
    chain = chain_of(tmp_path, text, "b37.over.chain.gz")
    assert lifted(chain, "chr1", 11) == lifted(chain, "1", 11) == [("chr1", 111, "+")]
    assert chain.lift([None, "no_such_contig"], [11, 11]).is_mapped.tolist() == [False, False]


def test_positions_in_one_block_have_its_number_in_common(tmp_path: Path) -> None:
    block = chain_of(tmp_path, PLAIN).lift(["chr1"] * 4, [11, 20, 26, 21]).block
    assert block[0] == block[1] != block[2]
    assert block[3] == -1


def test_the_digest_is_of_the_text_not_of_its_compression(tmp_path: Path) -> None:
    assert chain_of(tmp_path, PLAIN).digest == chain_of(tmp_path, PLAIN, "small.over.chain.gz").digest
    assert chain_of(tmp_path, PLAIN).digest != chain_of(tmp_path, MINUS).digest


def test_nothing_to_lift_is_lifted_to_nothing(tmp_path: Path) -> None:
    assert len(chain_of(tmp_path, PLAIN).lift([], []).pos) == 0
    unknown = chain_of(tmp_path, PLAIN.replace("chr1 50", "chrNone 50"))
    assert unknown.ignored == {"chrNone": "GRCh37 has no contig chrNone"}
    assert lifted(unknown, "chr1", 11) == [None]
    with pytest.raises(BadSpec, match="two columns of one length"):
        unknown.lift(["chr1"], [1, 2])


def test_alleles_are_read_from_the_other_strand() -> None:
    assert reverse_complement("ACGTN") == "NACGT"
    assert reverse_complement("aC") == "Gt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no chain"),
        ("##gff\n>chr1\nACGT\n", "line 2: '>chr1' stands outside any chain"),
        (PLAIN.replace("10 5 2", "10 5"), "line 2: '10 5' is no block"),
        (PLAIN.replace("10 5 2", "10 -5 2"), "line 2: '10 -5 2' is no block"),
        (PLAIN.replace("10 5 2", "0 15 12"), "line 2: a block of no bases"),
        (PLAIN.replace("10 5 2", "10 6 2"), "line 1: the blocks of this chain span 21 bases of the first assembly, its header says 20"),
        (PLAIN.replace("10 5 2", "10 5 3"), "line 1: the blocks of this chain span 18 bases of the second assembly, its header says 17"),
        (PLAIN.replace("\n5\n", "\n"), "line 3: the chain ends without its last block"),
        (PLAIN[: PLAIN.index("\n5\n")], "line 2: the file ends in the middle"),
        (PLAIN.replace("\n5\n\n", "\n") + MINUS, "line 3: a chain begins before"),
        (PLAIN.replace("+ 10", "- 10"), "line 1: strands '-' and '\\+'"),
        (PLAIN.replace("1000", "many"), "line 1: a header with something else in the place of a number"),
        (PLAIN.replace("chr1 50", "chr1 20"), "line 1: chr1 from 10 to 30 is no interval of 20 bases"),
        (PLAIN.replace("chr1 200 + ", ""), "line 1: a header of 10 fields"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContractBroken, match=said):
        chain_of(tmp_path, text)


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, PLAIN * 50, "cut.chain.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(ContractBroken, match="damaged or truncated gzip"):
        read_chain(path, "hg19", "hg38")


def test_a_chain_of_other_assemblies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongAssembly, match=r"line 1: chr1 has 50 bases, but 249,250,621 in GRCh37"):
        read_chain(written(tmp_path, PLAIN), "hg19", "hg38")
    with pytest.raises(BadSpec, match="leads nowhere"):
        read_chain(written(tmp_path, PLAIN), "hg19", "GRCh37")
    with pytest.raises(UnknownName, match="hg17"):
        read_chain(written(tmp_path, PLAIN), "hg17", "GRCh37")
    with pytest.raises(MissingData, match="no chain file"):
        read_chain(tmp_path / "nowhere.chain", "hg19", "hg38")


@st.composite
def chain_text(draw: st.DrawFn) -> str:
    """Some chains over chr1 and chr2, overlapping as they like, on both strands."""
    parts = []
    for number in range(draw(st.integers(1, 4))):
        blocks = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5))
        span_from = sum(size + gap for size, gap, _ in blocks[:-1]) + blocks[-1][0]
        span_to = sum(size + gap for size, _, gap in blocks[:-1]) + blocks[-1][0]
        here, there = draw(st.integers(0, 60 - span_from)), draw(st.integers(0, 90 - span_to))
        from_name, to_name = (draw(st.sampled_from(["chr1", "chr2"])) for _ in range(2))
        strand, score = draw(st.sampled_from("+-")), draw(st.integers(1, 3))
        lines = [f"chain {score} {from_name} 60 + {here} {here + span_from} {to_name} 90 {strand} {there} {there + span_to} {number}"]
        lines += [" ".join(map(str, block)) for block in blocks[:-1]] + [str(blocks[-1][0])]
        parts.append("\n".join(lines) + "\n\n")
    return "".join(parts)


@settings(deadline=None)
@given(text=chain_text())
def test_every_base_is_where_walking_the_file_finds_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    chain = chain_of(tmp_path_factory.mktemp("chain"), text)
    for chrom in ("chr1", "chr2"):
        assert lifted(chain, chrom, *range(62)) == [by_hand(text, chrom, pos) for pos in range(62)]


@settings(deadline=None)
@given(
    blocks=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6),
    strand=st.sampled_from("+-"),
)
def test_there_and_back_again(tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[int, int, int]], strand: str) -> None:
    span_from = sum(size + gap for size, gap, _ in blocks[:-1]) + blocks[-1][0]
    span_to = sum(size + gap for size, _, gap in blocks[:-1]) + blocks[-1][0]

    def text(gaps: list[tuple[int, int, int]], here: tuple[str, int, int], there: tuple[str, int, int], at: tuple[int, int]) -> str:
        lines = [f"chain 1 {here[0]} {here[1]} + {at[0]} {at[0] + here[2]} {there[0]} {there[1]} {strand} {at[1]} {at[1] + there[2]} 1"]
        return "\n".join([*lines, *(" ".join(map(str, gap)) for gap in gaps[:-1]), str(gaps[-1][0])]) + "\n"

    start, other = 7, 11
    forward = text(blocks, ("chr1", 99, span_from), ("chr2", 120, span_to), (start, other))
    # The way back is the same chain read from the other side; on the minus strand from its other end.
    if strand == "+":
        back_blocks, at = [(size, to, fro) for size, fro, to in blocks], (other, start)
    else:
        gaps = [*((to, fro) for _, fro, to in blocks[-2::-1]), (0, 0)]
        back_blocks = [(size, *gap) for (size, _, _), gap in zip(blocks[::-1], gaps, strict=True)]
        at = (120 - other - span_to, 99 - start - span_from)
    backward = text(back_blocks, ("chr2", 120, span_to), ("chr1", 99, span_from), at)
    folder = tmp_path_factory.mktemp("chain")
    there = chain_of(folder, forward, "there.chain").lift(["chr1"] * 99, np.arange(1, 100))
    rows = np.flatnonzero(there.is_mapped)
    assert len(rows) == sum(size for size, _, _ in blocks)
    back = chain_of(folder, backward, "back.chain").lift(there.chrom[rows], there.pos[rows])
    assert back.is_mapped.all()
    assert (back.pos == rows + 1).all()
    assert (back.is_minus == (strand == "-")).all()


def published_positions(realdata: Path, assembly: str) -> dict[str, tuple[str, int]]:
    path = realdata / "variants_misc" / f"hapmap3.{assembly}.chr1head_8_17_20_21_22.snplist.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return {row["rsid"]: (f"chr{row['#CHROM']}", int(row["POS"])) for row in csv.DictReader(handle, delimiter="\t")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "source", "target", "agree", "differ", "unmapped"),
    [
        ("hg19ToHg38", "hg19", "hg38", 166_560, 31, 153),
        ("hg38ToHg19", "hg38", "hg19", 166_589, 1, 154),
        ("b37ToHg38", "hg19", "hg38", 166_560, 31, 153),
    ],
)
def test_hapmap_snps_lie_where_hapmap_says(
    realdata: Path, file: str, source: str, target: str, agree: int, differ: int, unmapped: int
) -> None:
    chain = read_chain(realdata / "chains" / f"{file}.over.chain.gz", source, target)
    here, there = published_positions(realdata, source), published_positions(realdata, target)
    both = [rs for rs in here if rs in there]
    assert len(both) == 166_744
    found = chain.lift([here[rs][0] for rs in both], [here[rs][1] for rs in both])
    places = [(c, p) if mapped else None for c, p, mapped in zip(found.chrom, found.pos.tolist(), found.is_mapped, strict=True)]
    counts = [sum(p == there[rs] for rs, p in zip(both, places, strict=True)), sum(p is None for p in places)]
    assert counts == [agree, unmapped]
    assert len(both) - sum(counts) == differ


def test_real_bases_are_where_walking_the_real_file_finds_them(realdata: Path) -> None:
    path = realdata / "chains" / "hg19ToHg38.over.chain.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    chain = read_chain(path, "hg19", "hg38")
    # Chains of chromosome 21 alone keep the slow walk short; positions over the whole contig, gaps and the centromere included.
    short = "\n\n".join(part for part in text.strip().split("\n\n") if part.split()[2] == "chr21")
    positions = list(range(9_400_000, 48_129_895, 97_003))
    expected = [by_hand(short, "chr21", pos) for pos in positions]
    found = lifted(chain, "chr21", *positions)
    plain = [i for i, place in enumerate(expected) if place is None or "_" not in place[0]]
    assert [found[i] for i in plain] == [expected[i] for i in plain]
    assert len(plain) > 390


def test_grch37_has_two_mitochondria_and_the_wrong_one_is_not_lifted(realdata: Path) -> None:
    chain = read_chain(realdata / "chains" / "b37ToHg38.over.chain.gz", "hg19", "hg38")
    assert chain.ignored == {"MT": "MT has 16,571 bases, chrMT of GRCh37 16,569"}
