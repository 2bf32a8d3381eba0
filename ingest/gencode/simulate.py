"""A simulated GENCODE release and its mapping to GRCh37, in GTF: all genes of the world, with GTEx's bodies and versions, and more.

At scale 1 there are 63,187 genes and 252,835 transcripts as in release 45, of which the world itself has about 30,000 genes; the others are
pseudogenes and small RNAs that no other source knows. A few genes are pseudoautosomal (``_PAR_Y``) or mitochondrial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrbstore.ingest.gtex_v8_eqtl.simulate import annotate
from lrbstore.ingest.simulation import CONTIGS, NUCLEAR, World, check_scale, gzip_text

SOURCE = "gencode"
RELEASE = 900  # beyond GENCODE's own
PUBLISHED_GENES, PUBLISHED_TRANSCRIPTS = 63_187, 252_835
N_PAR, N_MITOCHONDRIAL = 3, 2
#: Types of the genes that the world does not have, and how long they are in bp.
OTHERS = (("processed_pseudogene", 1_000), ("misc_RNA", 280), ("snRNA", 160), ("miRNA", 90), ("TEC", 2_000))
CODING_WEIGHT = 5.0  # of a protein-coding gene against another where transcripts are dealt out
EXONS = {"protein_coding": 5.5, "lncRNA": 1.7}  # a transcript's exons beside the first, on average
NF_SHARE = 0.1  # of the coding transcripts: no stop codon (cds_end_NF)
HEADER = """\
##description: evidence-based annotation of the human genome{own}, version {release} (Ensembl {release}){mapped}
##provider: GENCODE
##contact: gencode-help@ebi.ac.uk
##format: gtf
##date: 2026-01-01
"""

Blocks = list[tuple[int, int]]  # 1-based, inclusive, in the transcript's order


@dataclass(frozen=True)
class Gene:
    """A gene as both files have it: ``start`` by assembly, 1-based; ``suffix`` is ``_PAR_Y`` or nothing."""

    number: int
    gene_id: str
    suffix: str
    symbol: str
    type: str
    chrom: str
    strand: str
    start: dict[str, int]
    length: int


@dataclass(frozen=True)
class Transcript:
    """A transcript: its exons, and its parts where it is coding, as offsets from the gene's start (0-based, inclusive ends)."""

    number: int
    type: str
    exons: Blocks
    cds: Blocks
    stop: Blocks
    utr: Blocks


def counts(scale: float, n_world: int) -> tuple[int, int]:
    """Give the numbers of genes and transcripts aimed at: the published ones at scale 1, never fewer genes than the world has."""
    genes = max(n_world + 20 + N_PAR + N_MITOCHONDRIAL, round(check_scale(scale) * PUBLISHED_GENES))
    return genes, max(round(1.25 * genes), round(scale * PUBLISHED_TRANSCRIPTS))


def simulate(world: World, out: Path) -> list[Path]:
    """Write ``gencode.v900.annotation.gtf.gz`` and ``gencode.v900lift37.annotation.gtf.gz`` below ``out``; give their paths."""
    n_genes, n_transcripts = counts(world.scale, len(world.genes.gene_id))
    genes = _genes(world, n_genes)
    rng = world.rng(SOURCE, "transcripts")
    weight = np.array([CODING_WEIGHT if gene.type == "protein_coding" else 1.0 for gene in genes])
    more = np.bincount(rng.choice(len(genes), n_transcripts - len(genes), p=weight / weight.sum()), minlength=len(genes))
    paths = [out / f"gencode.v{RELEASE}.annotation.gtf.gz", out / f"gencode.v{RELEASE}lift37.annotation.gtf.gz"]
    heads = (
        HEADER.format(own=" (GRCh38)", release=RELEASE, mapped=""),
        HEADER.format(own="", release=RELEASE, mapped=", mapped to GRCh37 with gencode-backmap"),
    )
    with gzip_text(paths[0]) as write_38, gzip_text(paths[1]) as write_37:
        writers: tuple[tuple[str, Callable[[str], object]], ...] = (("GRCh38", write_38), ("GRCh37", write_37))
        written = {"GRCh38": 0, "GRCh37": 0}
        for (_, write), head in zip(writers, heads, strict=True):
            write(head)
        number = 0
        for gene, extra in zip(genes, more.tolist(), strict=True):
            transcripts = []
            for _ in range(1 + extra):
                number += 1
                transcripts.append(_transcript(number, gene, rng))
            for assembly, write in writers:
                if assembly not in gene.start:
                    continue
                lines = list(_lines(gene, transcripts, assembly))
                write("".join(lines))
                written[assembly] += len(lines)
        write_38("".join(world.fault_lines(SOURCE, paths[0], heads[0].count("\n") + written["GRCh38"] + 1, _faults())))
    return paths


def _genes(world: World, n: int) -> list[Gene]:
    """List the genes in the order of contigs and starts."""
    own, rng = world.genes, world.rng(SOURCE, "genes")
    annotation = annotate(world)
    found: list[Gene] = []
    for i, gene_id in enumerate(annotation["gene_id"].tolist()):
        chrom, start, end = str(own.chrom[i]), int(annotation["gene_start"][i]), int(annotation["gene_end"][i])
        shift = int(own.tss["GRCh37"][i] - own.tss["GRCh38"][i])
        starts = {"GRCh38": start}
        if start + shift >= 1 and end + shift <= world.genomes["GRCh37"].lengths[chrom]:  # others could not be mapped back
            starts["GRCh37"] = start + shift
        kind = "lncRNA" if own.type[i] == "lincRNA" else str(own.type[i])
        found.append(Gene(i + 1, gene_id, "", str(own.symbol[i]), kind, chrom, str(own.strand[i]), starts, end - start + 1))
    n_others = n - len(found) - 2 * N_PAR - N_MITOCHONDRIAL
    share = np.array([world.genomes["GRCh38"].lengths[c] for c in NUCLEAR], dtype=np.float64)
    chroms = rng.choice(len(NUCLEAR), n_others, p=share / share.sum())
    kinds, places, strands = rng.integers(0, len(OTHERS), n_others), rng.random(n_others), rng.random(n_others) < 0.5
    for i, (c, k, place, plus) in enumerate(zip(chroms.tolist(), kinds.tolist(), places.tolist(), strands.tolist(), strict=True), start=1):
        (kind, length), chrom = OTHERS[k], NUCLEAR[c]
        room = min(world.genomes[a].lengths[chrom] for a in world.genomes) - length
        start = 1 + int(place * room)
        gene_id, symbol = f"ENSG0095{i:07d}.1", f"SIMX{i:05d}"
        found.append(
            Gene(len(found) + 1, gene_id, "", symbol, kind, chrom, "+" if plus else "-", {"GRCh38": start, "GRCh37": start}, length)
        )
    for i in range(1, N_PAR + 1):
        for chrom, suffix in (("chrX", ""), ("chrY", "_PAR_Y")):
            start = {"GRCh38": 10_000 * i}
            found.append(Gene(len(found) + 1, f"ENSG0096{i:07d}.7", suffix, f"SIMPAR{i}", "protein_coding", chrom, "+", start, 6_000))
    for i in range(1, N_MITOCHONDRIAL + 1):
        start = {"GRCh38": 1_000 * i}
        found.append(Gene(len(found) + 1, f"ENSG0097{i:07d}.1", "", f"MT-SIM{i}", "Mt_tRNA", "chrM", "+", start, 70))
    return sorted(found, key=lambda gene: (CONTIGS.index(gene.chrom), gene.start["GRCh38"], gene.number))


def _transcript(number: int, gene: Gene, rng: np.random.Generator) -> Transcript:
    """Draw a transcript within its gene's body; the first base of most is the gene's."""
    length = gene.length if rng.random() < 0.6 else int(gene.length * rng.uniform(0.5, 1))
    coding = gene.type == "protein_coding" and rng.random() < 0.75
    kind = gene.type if coding or gene.type != "protein_coding" else "retained_intron"
    n = 1 + min(int(rng.poisson(EXONS.get(gene.type, 0.0))), length // 60)
    cuts = np.sort(rng.choice(length - 1, 2 * n - 2, replace=False) + 1) if n > 1 else np.zeros(0, np.int64)
    edges = np.concatenate([[0], cuts, [length]]).tolist()
    exons = [(edges[k], edges[k + 1] - 1) for k in range(0, len(edges), 2)]
    cds: Blocks = []
    stop: Blocks = []
    utr: Blocks = []
    bases = sum(hi - lo + 1 for lo, hi in exons)
    if coding and bases >= 60:
        first = int(bases * rng.uniform(0.02, 0.2))
        codons = max(2, int((bases - first) * rng.uniform(0.3, 0.7)) // 3)
        last = first + 3 * codons
        ends = rng.random() < NF_SHARE
        cds = _between(exons, first, bases if ends else last)
        stop = [] if ends else _between(exons, last, last + 3)
        utr = _between(exons, 0, first) + ([] if ends else _between(exons, last, bases))
    if gene.strand == "-":
        exons, cds, stop, utr = ([(gene.length - 1 - hi, gene.length - 1 - lo) for lo, hi in blocks] for blocks in (exons, cds, stop, utr))
    return Transcript(number, kind if cds or kind != "protein_coding" else "processed_transcript", exons, cds, stop, utr)


def _between(exons: Blocks, first: int, last: int) -> Blocks:
    """Cut bases [first, last) of the spliced transcript out of its exons."""
    found: Blocks = []
    done = 0
    for lo, hi in exons:
        size = hi - lo + 1
        a, b = max(first - done, 0), min(last - done, size)
        if a < b:
            found.append((lo + a, lo + b - 1))
        done += size
    return found


def _lines(gene: Gene, transcripts: list[Transcript], assembly: str) -> Iterator[str]:
    """Write a gene's rows: itself, then each transcript with its exons, each followed by what of it is coding, and then its UTRs."""
    lifted = assembly == "GRCh37"
    origin = gene.start[assembly]
    version = f"_{1 + gene.number % 9}" if lifted else ""
    remap = ' remap_status "full_contig"; remap_num_mappings 1; remap_target_status "overlap";' if lifted else ""
    gene_id = f"{gene.gene_id}{version}{gene.suffix}"
    hgnc = f' hgnc_id "HGNC:{900_000 + gene.number}";' if gene.type == "protein_coding" else ""
    par = ' tag "PAR";' if gene.suffix else ""
    level = 1 + gene.number % 3
    by = "ENSEMBL" if level == 3 else "HAVANA"
    havana = "" if level == 3 else f' havana_gene "OTTHUMG009{gene.number:08d}.1{version}";'

    def row(feature: str, block: tuple[int, int], frame: str, attributes: str) -> str:
        return f"{gene.chrom}\t{by}\t{feature}\t{origin + block[0]}\t{origin + block[1]}\t.\t{gene.strand}\t{frame}\t{attributes}\n"

    own = f'gene_type "{gene.type}"; gene_name "{gene.symbol}"; '
    yield row("gene", (0, gene.length - 1), ".", f'gene_id "{gene_id}"; {own}level {level};{hgnc}{par}{havana}{remap}')
    for k, one in enumerate(transcripts, start=201):
        head = f'gene_id "{gene_id}"; transcript_id "ENST009{one.number:08d}.{1 + one.number % 5}{version}{gene.suffix}"; {own}'
        head += f'transcript_type "{one.type}"; transcript_name "{gene.symbol}-{k}"; '
        tail = f"level {level};"
        tail += f' protein_id "ENSP009{one.number:08d}.1{version}";' if one.cds else ""
        tail += f' transcript_support_level "{one.number % 5 + 1}";' if one.number % 7 else ' transcript_support_level "NA";'
        tail += hgnc + (' ont "PGO:0000004"; ont "PGO:0000019";' if "pseudogene" in gene.type else "")
        tail += (' tag "basic"; tag "Ensembl_canonical";' if k == 201 else ' tag "basic";' if one.number % 2 else "") + par
        tail += ' tag "mRNA_end_NF"; tag "cds_end_NF";' if one.cds and not one.stop else ""
        tail += havana + (f' havana_transcript "OTTHUMT009{one.number:08d}.1{version}";' if havana else "")
        span = min(lo for lo, _ in one.exons), max(hi for _, hi in one.exons)
        yield row("transcript", span, ".", f"{head}{tail}{remap}")
        coding = 0
        for e, exon in enumerate(one.exons, start=1):
            words = f'{head}exon_number {e}; exon_id "ENSE009{one.number:07d}{e:02d}.1{version}"; {tail}'
            where = f' remap_original_location "{gene.chrom}:{gene.strand}:{exon[0]}-{exon[1]}";' if lifted else ""
            yield row("exon", exon, ".", words + where)
            for block in one.cds:
                if exon[0] <= block[0] and block[1] <= exon[1]:
                    yield row("CDS", block, str(-coding % 3), words)
                    if coding == 0 and block[1] - block[0] >= 2:
                        first = (block[0], block[0] + 2) if gene.strand == "+" else (block[1] - 2, block[1])
                        yield row("start_codon", first, "0", words)
                    coding += block[1] - block[0] + 1
            for block in one.stop:
                if exon[0] <= block[0] and block[1] <= exon[1]:
                    yield row("stop_codon", block, "0", words)
        for block in one.utr:
            yield row("UTR", block, ".", f"{head}{tail}")


def _faults() -> list[tuple[str, str]]:
    def row(number: int, chrom: str = "chr3", feature: str = "gene", start: str = "200000", end: str = "200100", strand: str = "+") -> str:
        words = f'gene_id "ENSG0099{number:07d}.1"; transcript_id "ENST0099{number:07d}.1"; gene_name "FAULT{number}"; level 3;'
        return "\t".join([chrom, "HAVANA", feature, start, end, ".", strand, ".", words])

    return [
        ("unknown chromosome", row(1, chrom="chr99")),
        ("start behind end", row(2, start="200200")),
        ("position is not a number", row(3, start="2e5")),
        ("no strand", row(4, strand=".")),
        ("short row", row(5).replace("\t.\t+", "\t+")),
        ("exon without a transcript", row(6, feature="exon")),
        ("a quote is not closed", row(7).removesuffix('"; level 3;')),
    ]
