"""Simulated files of the GWAS Catalog: associations with 38 columns and the trait mappings, named as EBI's release of 2024-03-01.

The SNPs are the world's common variants under their own rs numbers, so that rows join with GTEx. As in the real catalogue there is no
REF: the risk allele may be ALT, REF, an allele read off the other strand, or ``?``. A share of the rows holds several SNPs, frequencies
are ``NR`` or carry a note, the sign of an effect is a word in the interval's text, and some p-values are smaller than a double can be.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import MOTIF_SIGN, World, gzip_text, scaled

SOURCE = "gwas_catalog"
RELEASE = "2024-03-01"
PUBLISHED_SNPS = 306_890  # GV-Rep's count for this release
PUBLISHED_TRAITS = 53_933
SEVERAL_SHARE = {"; ": 0.01, " x ": 0.005}  # rows of two SNPs, by what joins them
RISK_SHARE = {"alt": 0.45, "ref": 0.25, "?": 0.2, "other strand": 0.1}
UNDERFLOW_SHARE = 0.004  # p-values below 1E-308
AGAIN_SHARE = 0.1  # SNPs that come with a second trait
MONDO_TERMS = 60  # terms that bear the ids of simulated ClinVar diseases

COLUMNS = (
    *("DATE ADDED TO CATALOG", "PUBMEDID", "FIRST AUTHOR", "DATE", "JOURNAL", "LINK", "STUDY", "DISEASE/TRAIT", "INITIAL SAMPLE SIZE"),
    *("REPLICATION SAMPLE SIZE", "REGION", "CHR_ID", "CHR_POS", "REPORTED GENE(S)", "MAPPED_GENE", "UPSTREAM_GENE_ID"),
    *("DOWNSTREAM_GENE_ID", "SNP_GENE_IDS", "UPSTREAM_GENE_DISTANCE", "DOWNSTREAM_GENE_DISTANCE", "STRONGEST SNP-RISK ALLELE", "SNPS"),
    *("MERGED", "SNP_ID_CURRENT", "CONTEXT", "INTERGENIC", "RISK ALLELE FREQUENCY", "P-VALUE", "PVALUE_MLOG", "P-VALUE (TEXT)"),
    *("OR or BETA", "95% CI (TEXT)", "PLATFORM [SNPS PASSING QC]", "CNV", "MAPPED_TRAIT", "MAPPED_TRAIT_URI", "STUDY ACCESSION"),
    "GENOTYPING TECHNOLOGY",
)
MAPPING_COLUMNS = ("Disease trait", "EFO term", "EFO URI", "Parent term", "Parent URI")
_PARENTS = ("Body measurement", "Other disease", "Lipid or lipoprotein measurement", "Neurological disorder", "Cancer")
_UNITS = ("unit", "SD", "mg/dL", "kg/m2", "% SD")
_OTHER_STRAND = str.maketrans("ACGT", "TGCA")


def counts(scale: float) -> dict[str, int]:
    """Give the number of distinct SNPs and of traits: 306,890 and 53,933 at scale 1, at least 2,500 and 60."""
    return {"snps": scaled(scale, PUBLISHED_SNPS, 2_500), "traits": scaled(scale, PUBLISHED_TRAITS, 60)}


def simulate(world: World, out: Path) -> list[Path]:
    """Write the associations and the trait mappings below ``out``; give their paths."""
    terms = _terms(world)
    associations = out / f"gwas_catalog_v1.0.2-associations_e111_r{RELEASE}.tsv.gz"
    lines = _associations(world, terms)
    with gzip_text(associations) as write:
        write("\t".join(COLUMNS) + "\n")
        for at in range(0, len(lines), 5_000):
            write("".join(lines[at : at + 5_000]))
        write("".join(world.fault_lines(SOURCE, associations, len(lines) + 2, _faulty(lines[0]))))
    mappings = out / f"gwas_catalog_trait-mappings_r{RELEASE}.tsv.gz"
    rows = [
        "\t".join((f"Simulated trait {number}", name, uri, _PARENTS[number % 5], f"http://www.ebi.ac.uk/efo/EFO_988000{number % 5}")) + "\n"
        for number, own in enumerate(terms)
        for name, uri in own
    ]
    with gzip_text(mappings) as write:
        write("\t".join(MAPPING_COLUMNS) + "\n")
        write("".join(rows))
        write("".join(world.fault_lines(SOURCE, mappings, len(rows) + 2, [("short row", "Simulated trait"), ("no term", "A\t\t\t\t")])))
    return [associations, mappings]


def _faulty(good: str) -> list[tuple[str, str]]:
    cells = dict(zip(COLUMNS, good.rstrip("\n").split("\t"), strict=True))

    def other(**changed: str) -> str:
        named = {name.replace("_", " ") if name.replace("_", " ") in cells else name.replace("P_", "P-"): v for name, v in changed.items()}
        return "\t".join({**cells, "CHR_ID": "1", "CHR_POS": "1000", "SNPS": "rs1", **named}.values())

    return [
        ("short row", "\t".join(list(cells.values())[:20])),
        ("position is not a number", other(CHR_POS="unknown")),
        ("unknown chromosome", other(CHR_ID="99")),
        ("p-value is not a number", other(P_VALUE="tiny")),
        ("p-value above 1", other(P_VALUE="5E12")),
        ("repeated row", good.rstrip("\n")),
    ]


def _terms(world: World) -> list[list[tuple[str, str]]]:
    """Give each trait its ontology terms: one, or two for every eighth; names of some hold a comma."""
    n_traits = counts(world.scale)["traits"]
    n_terms = max(40, n_traits // 3)
    rng = world.rng(SOURCE, "terms")

    def term(number: int) -> tuple[str, str]:
        name = f"simulated measurement {number}" + (", fasting" if number % 10 == 7 else "")
        if number < MONDO_TERMS:
            return f"simulated disorder {number}", f"http://purl.obolibrary.org/obo/MONDO_09{number:05d}"
        return name, f"http://www.ebi.ac.uk/efo/EFO_98{number:05d}"

    first, second = rng.integers(0, n_terms, n_traits).tolist(), rng.integers(0, n_terms, n_traits).tolist()
    return [
        [term(a), term(b)] if number % 8 == 0 and a != b else [term(a)] for number, (a, b) in enumerate(zip(first, second, strict=True))
    ]


def _associations(world: World, terms: list[list[tuple[str, str]]]) -> list[str]:
    rng, variants, genes = world.rng(SOURCE, "associations"), world.variants, world.genes
    n_snps = min(counts(world.scale)["snps"], len(variants.start))
    snps = rng.permutation(len(variants.start))[:n_snps]
    again = rng.choice(snps, round(AGAIN_SHARE * n_snps))
    rows = np.concatenate([snps, again])
    rows = rows[rng.permutation(len(rows))]
    n = len(rows)
    trait = np.concatenate([np.arange(min(n, len(terms))), rng.integers(0, len(terms), max(0, n - len(terms)))])[rng.permutation(n)]

    changes = variants.changes_motif[rows]
    log_p = 5.1 + rng.exponential(np.where(changes, 12, 5), n)
    log_p = np.where(rng.random(n) < UNDERFLOW_SHARE, rng.uniform(310, 900, n), log_p)
    exponent = np.ceil(log_p).astype(np.int64)
    mantissa = np.clip(np.rint(10 ** (exponent - log_p)), 1, 9).astype(np.int64)
    mlog = exponent - np.log10(mantissa)
    risk = rng.choice(list(RISK_SHARE), n, p=list(RISK_SHARE.values()))
    towards = variants.delta[rows] @ MOTIF_SIGN
    sign = np.where((towards != 0) & (rng.random(n) < 0.85), np.sign(towards), rng.choice([-1, 1], n))
    sign = np.where(risk == "ref", -sign, sign)
    size, width = np.exp(rng.normal(-2.5, 0.6, n)), rng.uniform(0.1, 0.6, n)
    kind, joined, frequency = rng.random(n), rng.random(n), rng.uniform(0.02, 0.98, n)
    noted = rng.random(n)
    study = rng.integers(0, max(20, n // 60), n)

    nearest: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for chrom in np.unique(genes.chrom).tolist():
        own = np.flatnonzero(genes.chrom == chrom)
        own = own[np.argsort(genes.tss["GRCh38"][own], kind="stable")]
        nearest[chrom] = genes.tss["GRCh38"][own], own
    lines: list[str] = []
    for i, row in enumerate(rows.tolist()):
        chrom, start, ref, alt = str(variants.chrom[row]), int(variants.start[row]), str(variants.ref[row]), str(variants.alt[row])
        tss, own = nearest[chrom]
        gene = own[min(int(np.searchsorted(tss, start)), len(own) - 1)]
        allele = {"alt": alt, "ref": ref, "?": "?", "other strand": alt[::-1].translate(_OTHER_STRAND)}[str(risk[i])]
        name, place, contig, current = f"rs{variants.rs[row]}", str(start + 1), chrom[3:], str(variants.rs[row])
        strongest, mapped = f"{name}-{allele}", str(genes.symbol[gene])
        joint = "; " if joined[i] < SEVERAL_SHARE["; "] else " x " if joined[i] > 1 - SEVERAL_SHARE[" x "] else ""
        if joint:
            other = int(rows[i - 1])
            name += f"{joint}rs{variants.rs[other]}"
            strongest += f"{joint}rs{variants.rs[other]}-?"
            current = ""
            if joint == "; ":
                contig, place = f"{contig};{str(variants.chrom[other])[3:]}", f"{place};{int(variants.start[other]) + 1}"
            else:  # newer releases give one place for an interaction
                mapped = "No mapped gene"
        if kind[i] < 0.5:
            words = f" {_UNITS[int(trait[i]) % 5]} {'increase' if sign[i] > 0 else 'decrease'}"
            effect, ends = size[i], (size[i] * (1 - width[i]), size[i] * (1 + width[i]))
        else:
            words = ""
            effect, ends = 1 + size[i], (1 + size[i] * (1 - width[i]), 1 + size[i] * (1 + width[i]))
        number = f"{effect:.4g}" if kind[i] < 0.9 else ""
        interval = "" if kind[i] >= 0.9 else f"[NR]{words}" if noted[i] < 0.15 else f"[{ends[0]:.3g}-{ends[1]:.3g}]{words}"
        own_terms = terms[int(trait[i])]
        which = int(study[i])
        cells = (
            "2023-05-04", str(90_000_000 + which), f"Simulated A{which}", "2023-01-02", "J Simul",
            f"www.ncbi.nlm.nih.gov/pubmed/{90_000_000 + which}", f"A simulated genome-wide study, number {which}.",
            f"Simulated trait {trait[i]}", "10,000 simulated individuals", "NA", f"{chrom[3:]}p1.1", contig, place, "NR", mapped, "", "",
            "" if joint else str(genes.gene_id[gene]), "", "", strongest, name, "0", current, "intron_variant", "0",
            "NR" if noted[i] > 0.8 else f"{frequency[i]:.3f} (EA)" if noted[i] > 0.77 else f"{frequency[i]:.3f}",
            f"{mantissa[i]}E-{exponent[i]}", f"{mlog[i]:.15g}", "", number, interval, "Illumina [500000] (imputed)", "N",
            ", ".join(term for term, _ in own_terms), ", ".join(uri for _, uri in own_terms), f"GCST9{which:07d}",
            "Genome-wide genotyping array",
        )  # fmt: skip
        lines.append("\t".join(cells) + "\n")
    return lines
