"""Every folder of sql/tasks: complete, consistent with the tables, and right on a few rows that one can check by hand.

The hand-checkable rows lie in ``tests/tasks/<task>/expected_<split>.csv``. Each gives a window (``seq_len``, ``window``, ``edge``, and what
only the task's kind has, as ``knockout``) and what an example holds; for each window that a file names, its rows are all examples of the
split, in order. ``A*128`` is 128 letters A; ``labels[1][49]`` is one number of the labels; ``ACG|TTT`` is a value for each member of a
combination. An empty cell means that the example has no such key.
"""

from __future__ import annotations

import csv
import functools
import gzip
import json
import operator
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbstore
from lrbstore import catalogue
from lrbstore.assembly import assemblies
from lrbstore.catalogue import source_cards, task_spec, task_specs
from lrbstore.contract import contracts
from lrbstore.describe import batch_keys, page
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.kinds import KINDS
from lrbstore.layout import sql_folder
from lrbstore.metrics import METRICS
from lrbstore.strata import stratifier

EXPECTED = Path(__file__).parent / "tasks"
FOLDERS = sorted(path for path in (sql_folder() / "tasks").iterdir() if path.is_dir())
TASKS = [path.name for path in FOLDERS]

# ── a store that one can read ────────────────────────────────────────────────────────────────────────────────────────────────────────

GENOMES = {
    "GRCh37": {"chr1": "ACGTTGCAaNRCGT", "chr8": "GGGGACCCC"},
    "GRCh38": {
        "chr1": "AACCGGTTacgtNRACGTTG",
        "chr2": "C" * 57_216 + "A" * 128 + "G" * 128 + "T" * 57_472,
        "chr8": "GATTACAGATTACA",
        "chr9": "TTTTGGGGCCCCAAAA",
    },
}
EQTL = """\
CHROM,POS,REF,ALT,SNP,label,tissue,distance_to_nearest_TSS,split
chr1,5,G,A,,1,Liver,100,train
chr1,5,G,A,,0,Whole_Blood,-30000,train
chr1,12,T,C,,1,Liver,30000,train
chr9,5,G,C,,1,Whole_Blood,12,test
chr1,8,T,TGG,,0,Liver,0,train
chr1,2,A,G,,1,Liver,7,train
chr1,15,AC,A,,0,Liver,100000,train
chr9,13,A,T,,0,Liver,99999,test
chr9,14,A,G,,1,Liver,4,test
chr1,20,C,G,,1,Liver,8,train
"""
# The last row has REF and ALT swapped: its ALT is what the genome has, so that both sequences are alike and only ref_check tells.
GENES = """\
id,symbol,chrom,strand,TSS,CAGE_representative_TSS,type,split
ENSG00000000001,ONE,chr1,+,3,5,protein_coding,train
ENSG00000000002,TWO,chr1,-,9,8,lincRNA,train
ENSG00000000003,THREE,chr8,+,5,5,protein_coding,test
ENSG00000000004,FOUR,chr8,-,5,5,lincRNA,test
"""
WINDOWS = """\
,chrom,start,stop,split,npy_idx
0,chr2,1,114689,train,0
1,chr2,129,114817,validation,0
2,chr2,257,114945,test,0
"""
EGENES = {
    "Liver": [
        {
            "gene_id": "ENSG00000000001.4",
            "rs_id_dbSNP151_GRCh38p7": "rs1",
            "chr": "chr1",
            "variant_pos": 5,
            "ref": "G",
            "alt": "A",
            "tss_distance": -10,
            "pval_nominal": 1e-9,
        },
        {
            "gene_id": "ENSG00000000002.1",
            "rs_id_dbSNP151_GRCh38p7": "rs2",
            "chr": "chr1",
            "variant_pos": 12,
            "ref": "T",
            "alt": "C",
            "tss_distance": 20,
            "pval_nominal": 1e-4,
            "slope": -0.25,
        },
    ],
    "Whole_Blood": [
        {
            "gene_id": "ENSG00000000003.1",
            "rs_id_dbSNP151_GRCh38p7": "rs3",
            "chr": "chr9",
            "variant_pos": 5,
            "ref": "GGG",
            "alt": "G",
            "tss_distance": 0,
            "pval_nominal": 1e-9,
        },
        {
            "gene_id": "ENSG00000000001.4",
            "rs_id_dbSNP151_GRCh38p7": "rs4",
            "chr": "chr1",
            "variant_pos": 8,
            "ref": "G",
            "alt": "T",
            "tss_distance": 30,
            "pval_nominal": 0.5,
            "slope": -0.125,
        },
    ],
}
CLINVAR = """\
##fileformat=VCFv4.1
##fileDate=2024-04-16
##source=ClinVar
##reference=GRCh38
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
1\t5\t1\tG\tA\t.\t.\tCLNDN=Beta,_type_2|Alpha_disease;CLNSIG=Pathogenic;CLNREVSTAT=criteria_provided,_single_submitter;CLNVC=single_nucleotide_variant;GENEINFO=ONE:1
1\t8\t2\tT\tTGG\t.\t.\tCLNDN=Beta,_type_1;CLNSIG=Benign/Likely_benign;CLNREVSTAT=reviewed_by_expert_panel;CLNVC=Insertion;GENEINFO=ONE:1
1\t12\t3\tT\tC\t.\t.\tCLNDN=not_provided;CLNSIG=Uncertain_significance;CLNVC=single_nucleotide_variant;GENEINFO=TWO:2
9\t5\t4\tG\tC\t.\t.\tCLNDN=Alpha_disease|Beta,_type_2;CLNSIG=Pathogenic|risk_factor;CLNREVSTAT=practice_guideline;CLNVC=single_nucleotide_variant;GENEINFO=THREE:3
9\t6\t5\tG\tT\t.\t.\tCLNDN=Beta,_type_1|not_provided;CLNSIG=Likely_benign;CLNREVSTAT=no_assertion_criteria_provided;CLNVC=single_nucleotide_variant;GENEINFO=THREE:3
"""

PASSPORT = """\
##fileformat=VCFv4.1
##reference=GRCh38
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
chr1\t5\t.\tG\tA\t.\tPASS\tDRV;NPGL;VD=ONE|CCDS1;VC=missense
chr1\t8\t.\tT\tTGG\t.\tPASS\tNPGL
chr1\t12\t.\tT\tC\t.\tPASS\tVC=silent
chr1\t15\t.\tA\tC\t.\tPASS\tCPV;NPGL
chr1\t16\t.\tC\t<DEL>\t.\tPASS\tNPGL
chr9\t5\t.\tGGG\tG\t.\tPASS\tNPGL
chr9\t9\t.\tC\tT,A\t.\tPASS\tDRV
"""
VERIFIED = """\
Chr_hg38,Start_hg38,Ref,Alt,avsnp147,Class,Sample ID,HGMD_Phen,Func.refGene
chr1,5,G,A,.,Pathogenic,a,.,exonic
chr1,8,T,-,.,Pathogenic,a,.,exonic
1,12,T,C,rs1,likely benign,b,.,exonic
chr1,15,A,C,.,VUS,b,.,exonic
chr9,5,GG,TT,.,DM,b,.,exonic
chr9,9,C,T,.,2,c,.,exonic
"""


def _write_passports(folder: Path) -> None:
    path = folder / "mutations_wgs_vcf_20221123" / "SIDM00001_sanger.vcf"
    path.parent.mkdir(parents=True)
    path.write_text(PASSPORT)


def _write_verified(folder: Path) -> None:
    folder.mkdir()
    (folder / "verified_real_clinvar.csv").write_text(VERIFIED)


#: The last three are no examples: no score, on another assembly, no single base.
MAVE = """\
accession,hgvs_nt,hgvs_splice,hgvs_pro,score,mavedb.post_mapped_hgvs_g
urn:mavedb:90000001-a-1#1,n.1C>T,NA,NA,0.5,NC_000001.11:g.5G>A
urn:mavedb:90000001-a-1#2,n.2A>G,NA,NA,-1.25,NC_000001.11:g.12T>C
urn:mavedb:90000001-a-1#3,n.3G>C,NA,NA,2,NC_000009.12:g.5G>C
urn:mavedb:90000001-a-1#4,n.4G>C,NA,NA,NA,NC_000009.12:g.6G>C
urn:mavedb:90000001-a-1#5,n.5G>C,NA,NA,1,NC_000001.10:g.3G>C
urn:mavedb:90000001-a-1#6,n.6_7del,NA,NA,1,NC_000001.11:g.3_4del
"""
#: Targets of gvrep_mave_construct: score set, sequence.
TARGETS = {"90000001-a-1": "CAGGGTTACG", "90000002-a-1": "GATTACA"}
#: On the second target, which has T where the seventh says A. The eighth lies beyond it; the last two are no examples: a place
#: before the target, no score.
CONSTRUCTS = """\
accession,hgvs_nt,hgvs_splice,hgvs_pro,score
urn:mavedb:90000002-a-1#1,n.2A>C,NA,NA,1
urn:mavedb:90000002-a-1#2,n.[2del;4T>C],NA,NA,2
urn:mavedb:90000002-a-1#3,n.2_3insGG,NA,NA,-0.5
urn:mavedb:90000002-a-1#4,_wt,NA,NA,0
urn:mavedb:90000002-a-1#5,n.2dup,NA,NA,3
urn:mavedb:90000002-a-1#6,n.1del,NA,NA,4
urn:mavedb:90000002-a-1#7,n.3A>C,NA,NA,5
urn:mavedb:90000002-a-1#8,n.9A>T,NA,NA,6
urn:mavedb:90000002-a-1#9,n.-2A>C,NA,NA,7
urn:mavedb:90000002-a-1#10,n.4T>C,NA,NA,NA
"""


def _write_mave(folder: Path) -> None:
    folder.mkdir()
    (folder / "urn-mavedb-90000001-a-1_scores.csv").write_text(MAVE)
    (folder / "urn-mavedb-90000002-a-1_scores.csv").write_text(CONSTRUCTS)
    sets = [
        {"urn": f"urn:mavedb:{urn}", "targetGenes": [{"name": "T", "targetSequence": {"sequence": sequence, "sequenceType": "dna"}}]}
        for urn, sequence in TARGETS.items()
    ]
    (folder / "score_sets.json").write_text(json.dumps(sets))


#: Members of a combination: entry, gene, contig, position on GRCh38, REF, ALT.
MEMBERS = {
    "1": ("GENA", "1", 5, "G", "A"),
    "2": ("GENB", "9", 5, "GGG", "G"),
    "3": ("GENC", "8", 4, "T", "C"),
    "4": ("GENC", "8", 8, "G", "GT"),
    "5": ("GEND", "8", 10, "T", "A"),
}
#: Combinations with their confidence. The third lies on a held-out chromosome and on another; the fourth has a member without alleles.
OLIDA = {"OLI001": (("1", "2"), 1), "OLI002": (("3", "4", "5"), 0), "OLI003": (("1", "3"), 1), "OLI004": (("3", "5", "9"), 1)}
#: The last one's first member has no window of 6 bp.
NEUTRAL = """\
Combination_ID\tIndividual_ID\tGene_A\tGene_B
n1\tNA1\t8:5:A:G:Heterozygous\t8:11:T:C:Homozygous
n2\tNA2\t1:8:T:C:Heterozygous/1:12:T:C:Heterozygous\t9:9:C:T:Homozygous
n3\tNA3\t8:2:A:T:Heterozygous\t8:8:G:A:Heterozygous
"""


def _write_combinations(folder: Path) -> None:
    (folder / "neutral_combinations").mkdir()
    (folder / "neutral_combinations" / "1kgp_testset_hg38_combs.txt").write_text(NEUTRAL)
    (folder / "olida").mkdir()
    rows = [
        ["OLIDA, exported 2024-02-29", *[""] * 10],
        ["OLIDA ID", "Diseases", "Omim Id", "Oligogenic Effect", "Ethnicity", "Associated Variants"],
    ]
    rows[1] += ["FINALmeta", "FUNmeta", "VARmeta", "GENEmeta", "STATmeta"]
    for name, (members, confidence) in OLIDA.items():
        items = [f"{m}:{MEMBERS.get(m, ('GENE',))[0]}:N.A.,{MEMBERS.get(m, 'xxx')[2]}:c.{m}A>G:Heterozygous" for m in members]
        rows.append([name, "Disease", "N.A.", "N.A.", "N.A.", ";".join(items), str(confidence), "0", "0", "0", "0"])
    (folder / "olida" / "Combination.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    names = "Entry Id,Gene,Chromosome,Genomic Position Hg19,Genomic Position Hg38,Ref Allele,Alt Allele,Cdna Change,Protein Change"
    rows = [[*names.split(","), *["Transcript Id", "Dbsnp Id", "Variant Effect", "Gnomad Maf", "CADD", "SIFT", "PP2 HVAR"]]]
    for entry, (gene, chrom, pos, ref, alt) in MEMBERS.items():
        rows.append([entry, gene, chrom, "N.A.", str(pos), ref, alt, f"c.{entry}A>G", *["N.A."] * 8])
    (folder / "olida" / "SMALLVARIANT.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))


#: Genes on GRCh38: contig, first and last base (1-based), strand, id. The last one's body begins with its contig, so that deleting it
#: leaves nothing downstream.
KNOCKED_OUT = {
    "KONE": ("chr1", 8, 12, "+", "ENSG00000000011"),
    "KTWO": ("chr8", 4, 9, "-", "ENSG00000000012"),
    "KTHREE": ("chr9", 5, 8, "+", "ENSG00000000013"),
    "KFOUR": ("chr9", 1, 3, "-", "ENSG00000000014"),
}
#: The second gene has no id here, and is found by its symbol; the last has no place. One cell is empty.
FITNESS = """\
model_name\t\t\tA\tB
model_id\t\t\tSIDM99001\tSIDM99002
source\t\t\tSanger\tBroad
qc_pass\t\t\tTRUE\tTRUE
gene_id\tsymbol\tensembl_gene_id\t\t
SIDG1\tKONE\tENSG00000000011\t1.5\t-2
SIDG2\tKTWO\t\t0.25\t
SIDG3\tKTHREE\tENSG00000000013\t-1\t3
SIDG4\tKFOUR\tENSG00000000014\t0\t4
SIDG5\tKNONE\tENSG00000000015\t7\t8
"""


def _write_knockouts(folder: Path) -> None:
    (folder / "project_score").mkdir()
    name = "Project_score_combined_Sanger_v2_Broad_21Q2_fitness_scores_scaled_bayesian_factors_20250624.tsv"
    (folder / "project_score" / name).write_text(FITNESS)
    (folder / "gencode").mkdir()
    lines = ["##description: evidence-based annotation of the human genome (GRCh38), version 45 (Ensembl 111)", "##format: gtf"]
    for symbol, (chrom, first, last, strand, gene_id) in KNOCKED_OUT.items():
        said = f'gene_id "{gene_id}.1"; gene_type "protein_coding"; gene_name "{symbol}"; level 2;'
        lines.append("\t".join([chrom, "HAVANA", "gene", str(first), str(last), ".", strand, ".", said]))
    (folder / "gencode" / "gencode.v45.annotation.gtf").write_text("\n".join(lines) + "\n")


#: Oligos, one of them of two variants; a variant whose name no oligo has; measured in two cell lines, and in one.
LIBRARY = ">rs1_ref\nGATTACA\n>rs1_alt\nGATCACA\n>rs2_5'_End_ref/rs3_ref\nACGTAC\n>rs2_5'_End_alt\nACGAAC\n"
FOLD_CHANGES = {"rs1": {"HMEC": (1, 1.5), "K562": (-0.25, 0.5)}, "rs2_5'_End": {"K562": (2, 3)}, "rs9": {"K562": (4, 5)}}
#: Oligos with their stability in Jurkat and in Beas2B; and two pairs, a changed base and one taken out, with the change in Jurkat.
STABILITIES = "GATTACA\t0.5\tNA\nGATCACA\t0.75\t1.5\nGATACA\t-1\tNA\n"
PAIRS = "GATCACA\t0.25\nGATTACA\t0\nGATACA\t-1.5\nGATTACA\t0\n"


def _write_reporters(folder: Path) -> None:
    (folder / "utr3_mpra_griesemer").mkdir()
    (folder / "utr3_mpra_griesemer" / "ENCFF900AAA.fasta").write_text(LIBRARY)
    lines = ("HEK293FT", "HEPG2", "HMEC", "K562", "GM12878", "SKNSH")
    rows = [["mpra_variant_id", *(f"log2FoldChange_{what}_{line}" for line in lines for what in ("Skew", "Ref", "Alt"))]]
    for name, values in FOLD_CHANGES.items():
        of = [values.get(line) for line in lines]
        rows.append([name, *(str(x) for pair in of for x in ((pair[1] - pair[0], *pair) if pair else ("NA", "NA", "NA")))])
    (folder / "utr3_mpra_griesemer" / "fastUTR_mpra.txt").write_text("".join("\t".join(row) + "\n" for row in rows))
    (folder / "utr3_mpra_siegel").mkdir()
    (folder / "utr3_mpra_siegel" / "fastUTR_mpra.txt").write_text(STABILITIES)
    (folder / "utr3_mpra_siegel" / "fastUTR_mpra_Jurkat.txt").write_text(PAIRS)


# ALT, REF, and an allele that only the other strand has, which is no example; the second row for a SNP and trait is none either.


GWAS = (
    ("Height", "rs1-A", "1", 5, "1E-8", "8.0", "0.5", "[0.4-0.6] unit increase"),
    ("Height", "rs1-A", "1", 5, "1E-9", "9.0", "0.5", "[0.4-0.6] unit increase"),
    ("Height", "rs1-?", "1", 5, "1E-9", "9.0", "0.5", "[0.4-0.6] unit increase"),
    ("Gout", "rs2-T", "1", 12, "1E-400", "400.0", "2", "[1.5-2.5]"),
    ("Gout", "rs4-C", "1", 8, "1E-6", "6.0", "2", "[1.5-2.5]"),
    ("Gout", "rs3-G", "9", 5, "1E-6", "6.0", "2", "[1.5-2.5]"),
)


def _write_lrb(folder: Path) -> None:
    texts = {
        "variant_effect_causal_eqtl/All_Tissues.csv": EQTL,
        "bulk_rna_expression/gene_coordinates.csv": GENES,
        # Gene i has i + t/256 in track t.
        "bulk_rna_expression/rna_expression_values.csv": ",".join(f"Track {t}" for t in range(218))
        + "".join("\n" + ",".join(repr(i + t / 256) for t in range(218)) for i in range(4)),
        "cage_prediction/sequences_coordinates.csv": WINDOWS,
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shards = folder / "cage_prediction" / "targets_subset"
    shards.mkdir()
    # Bin b has b + t/64 in track t, and 1,000 more in the validation split, 2,000 more in the test split.
    array = np.arange(896, dtype=np.float32)[None, :, None] + np.arange(50, dtype=np.float32) / 64
    for i, split in enumerate(("train", "valid", "test")):
        np.savez_compressed(shards / f"targets-{split}-0-0.npz", **{f"target-{split}-0.npy": array + np.float32(1_000 * i)})


def _write_gtex(folder: Path) -> None:
    from lrbstore.ingest.spec import source

    columns = list(source("gtex_v8_eqtl").part[0].columns)
    for tissue, rows in EGENES.items():
        with gzip.open(folder / f"{tissue}.v8.egenes.txt.gz", "wt") as handle:
            handle.write("\t".join(columns) + "\n")
            for row in rows:
                filled = {"gene_name": "X", "strand": "+", "pval_nominal_threshold": 1e-6, "slope": 0.5, "gene_chr": row["chr"], **row}
                filled["variant_id"] = f"{row['chr']}_{row['variant_pos']}_{row['ref']}_{row['alt']}_b38"
                numbers = {c: 0.5 for c in columns if c.startswith(("beta", "pval", "log2", "true")) or c in {"slope_se", "qval", "maf"}}
                whole = {c: 1 for c in columns if c.startswith(("gene_start", "gene_end", "num", "minor", "ref_f"))}
                handle.write("\t".join(str({**numbers, **whole, "rs_id_dbSNP151_GRCh38p7": ".", **filled}[c]) for c in columns) + "\n")


def _write_gwas(folder: Path) -> None:
    from lrbstore.ingest.spec import source

    names = ("DISEASE/TRAIT", "STRONGEST SNP-RISK ALLELE", "CHR_ID", "CHR_POS", "P-VALUE", "PVALUE_MLOG", "OR or BETA", "95% CI (TEXT)")
    columns = list(source("gwas_catalog").part[0].columns)
    with (folder / "gwas_catalog_v1.0.2-associations_e111_r2024-03-01.tsv").open("w") as handle:
        handle.write("\t".join(columns) + "\n")
        for row in GWAS:
            filled = {"RISK ALLELE FREQUENCY": "NR", "SNPS": row[1].partition("-")[0], **dict(zip(names, row, strict=True))}
            handle.write("\t".join(str(filled.get(c, "")) for c in columns) + "\n")


#: Cells of an sgenes file in its bare layout: gene number, variant_id, tss_distance, p-value, slope; the last row has no slope.
SGENES = {
    "Liver": [(1, "chr1_5_G_A_b38", -10, 1e-9, 0.5), (2, "chr1_12_T_C_b38", 20, 1e-4, -0.25)],
    "Whole_Blood": [(3, "chr9_5_GGG_G_b38", 0, 1e-9, -0.75), (1, "chr1_8_G_T_b38", 30, 0.5, "NA")],
}


def _write_sqtl(folder: Path) -> None:
    numbers = "minor_allele_samples\tminor_allele_count\tmaf\tslope_se\tpval_nominal_threshold"
    for tissue, rows in SGENES.items():
        lines = [f"phenotype_id\tvariant_id\ttss_distance\tpval_nominal\tslope\t{numbers}"]
        for gene, *cells in rows:
            intron = f"{cells[0].split('_')[0]}:7:9:clu_{gene}:ENSG0000000000{gene}.1"
            lines.append("\t".join(map(str, [intron, *cells, 1, 1, 0.5, 0.5, 1e-6])))
        (folder / f"{tissue}.v8.sgenes.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def literal_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    folder = tmp_path_factory.mktemp("literal")
    for assembly, contigs in GENOMES.items():
        (folder / f"{assembly}.fa").write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
        add_genome(folder / "store", assembly, folder / f"{assembly}.fa", simulated=True)
    (folder / "gtex").mkdir()
    (folder / "clinvar.vcf").write_text(CLINVAR)
    assert sum(i.rows_rejected for i in ingest(folder / "store", "clinvar", [folder / "clinvar.vcf"], simulated=True).loaded) == 0
    (folder / "gwas").mkdir()
    _write_lrb(folder / "lrb")
    _write_gtex(folder / "gtex")
    _write_gwas(folder / "gwas")
    assert sum(i.rows_rejected for i in ingest(folder / "store", "lrb", [folder / "lrb"], simulated=True).loaded) == 0
    assert sum(i.rows_rejected for i in ingest(folder / "store", "gtex_v8_eqtl", [folder / "gtex"], simulated=True).loaded) == 0
    for source, write in (("cell_model_passports", _write_passports), ("verified_variants", _write_verified)):
        write(folder / source)
        assert sum(i.rows_rejected for i in ingest(folder / "store", source, [folder / source], simulated=True).loaded) == 0
    _write_mave(folder / "mavedb")
    assert sum(i.rows_rejected for i in ingest(folder / "store", "mavedb", [folder / "mavedb"], simulated=True).loaded) == 0
    assert sum(i.rows_rejected for i in ingest(folder / "store", "gwas_catalog", [folder / "gwas"], simulated=True).loaded) == 0
    (folder / "sqtl").mkdir()
    _write_sqtl(folder / "sqtl")
    assert sum(i.rows_rejected for i in ingest(folder / "store", "gtex_v8_sqtl", [folder / "sqtl"], simulated=True).loaded) == 0
    _write_combinations(folder)
    _write_knockouts(folder)
    _write_reporters(folder)
    for source in ("olida", "neutral_combinations", "project_score", "gencode", "utr3_mpra_griesemer", "utr3_mpra_siegel"):
        assert sum(i.rows_rejected for i in ingest(folder / "store", source, [folder / source], simulated=True).loaded) == 0
    with lrbstore.open(folder / "store") as opened:
        yield opened


def _expand(text: str) -> str:
    """Write ``A*3 G`` as ``AAAG``."""
    return "".join(letter * int(n) if n else letter for letter, _, n in (piece.partition("*") for piece in text.split()))


def _cell(example: dict[str, Any], column: str) -> str:
    """Give what a column of the expected file is about, as text."""
    name, _, what = re.match(r"([a-z_]+)(\.(shape)|(?:\[\d+\])*)", column).group(1, 2, 3)  # type: ignore[union-attr]
    if name not in example:
        return ""
    value = example[name]
    if what == "shape":
        return "x".join(map(str, value.shape))
    value = functools.reduce(operator.getitem, map(int, re.findall(r"\[(\d+)\]", column)), value)
    if isinstance(value, list) or getattr(value, "shape", ()):
        return "|".join(map(str, value))  # what a combination has for each member
    return f"{value:.10g}" if isinstance(value, np.floating) else str(value)


@pytest.mark.parametrize(
    ("task", "split"), [(name, split) for name in TASKS for split in task_spec(name).schemes[task_spec(name).split_scheme]]
)
def test_a_few_rows_that_one_can_check_by_hand(literal_store: lrbstore.Store, task: str, split: str) -> None:
    path = EXPECTED / task / f"expected_{split}.csv"
    assert path.is_file(), f"a task comes with tests/tasks/{task}/expected_{split}.csv: a few rows of the split that one can check by hand"
    with path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    how = ("seq_len", "window", "edge", *KINDS[task_spec(task).kind].settings)
    windows = list(dict.fromkeys(tuple(row[name] for name in how) for row in rows))
    assert windows
    for window in windows:
        expected = [row for row in rows if tuple(row[name] for name in how) == window]
        options = dict(zip(how[1:], window[1:], strict=True))
        ds = lrbstore.task(task, int(window[0]), store=literal_store, **options)[split]
        columns = [column for column in expected[0] if column not in how]
        for i, row in enumerate(expected):
            found = {column: _cell(ds[i], column) for column in columns}
            assert found == {c: _expand(row[c]) if "sequence" in c else row[c] for c in columns}, (window, i)
        assert len(ds) == len(expected), window
        # Nothing that an example holds is left unsaid.
        said = {re.match("[a-z_]+", column)[0] for column in columns} | {"example_id", "ref_check", "anchor_index"}  # type: ignore[index]
        assert set(ds[0]) <= said


def test_effects_of_gvrep_gwas_are_those_of_alt(literal_store: lrbstore.Store) -> None:
    query = "select rs_id, risk_allele_is, round(effect_alt, 6), effect_alt_unit, n_associations, variant_id from gvrep_gwas.examples"
    assert literal_store.sql(query).fetchall() == [
        ("rs1", "alt", 0.5, "unit", 2, "GRCh38:chr1:5:G:A"),
        ("rs2", "ref", -0.693147, "log odds ratio", 1, "GRCh38:chr1:12:T:C"),  # the risk allele is REF: ALT protects
        ("rs3", "alt", 0.693147, "log odds ratio", 1, "GRCh38:chr9:5:GGG:G"),
    ]
    audit = (sql_folder() / "audits" / "gwas_risk_alleles_without_a_pair.sql").read_text(encoding="utf-8")
    assert literal_store.sql(audit).fetchall() == [("no risk allele", 1), ("the risk allele is neither REF nor ALT", 1)]


def test_every_expected_file_belongs_to_a_split() -> None:
    known = {(name, split) for name in TASKS for split in task_spec(name).schemes[task_spec(name).split_scheme]}
    assert {(path.parent.name, path.stem.removeprefix("expected_")) for path in EXPECTED.glob("*/*.csv")} == known


# ── each folder against the tables ───────────────────────────────────────────────────────────────────────────────────────────────────


def _columns(store: lrbstore.Store, task: str) -> set[str]:
    return {row[0] for row in store.sql(f"describe {task}.examples").fetchall()}


def test_what_is_listed_is_what_is_there() -> None:
    assert list(task_specs()) == TASKS == [spec.name for spec in task_specs().values()]
    names = [name for spec in task_specs().values() for name in (spec.name, *spec.aliases)]
    assert len(set(names)) == len(names)
    for spec in task_specs().values():
        assert all(task_spec(name) is spec for name in (spec.name, *spec.aliases))


@pytest.mark.parametrize("folder", FOLDERS, ids=TASKS)
def test_a_task_folder_is_complete(folder: Path) -> None:
    spec = task_specs()[folder.name]
    assert (folder / "task.toml").is_file()
    assert spec.examples_sql.startswith("--")  # says what a row is
    assert spec.split_scheme in spec.schemes
    for scheme, splits in spec.schemes.items():
        assert splits, scheme
        assert all(text.startswith("--") for text in splits.values()), scheme
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".toml", ".sql", ".md"}
    for text in (spec.title, spec.question, spec.example, spec.licence, spec.citation, spec.label.unit):
        assert text.strip()
    assert spec.question.endswith("?")
    assert set(spec.published) <= set(spec.schemes[spec.split_scheme])
    assert (spec.assembly in assemblies()) == (spec.sequences is None)
    assert set(spec.sources) <= set(source_cards())


@pytest.mark.parametrize("task", TASKS)
def test_what_a_task_names_is_there(store: lrbstore.Store, task: str) -> None:
    spec, columns = task_specs()[task], _columns(store, task)
    assert {"example_id", "assembly", "chrom", "record_id", "source_file", "source_line"} <= columns
    assert {emit.column for emit in spec.emits.values()} <= columns
    assert {*spec.options, *([spec.fits] if spec.fits else [])} <= columns
    assert {use.name for use in spec.metrics} <= set(METRICS)
    for name in spec.strata:
        assert set(stratifier(name).needs) <= columns
    if spec.label.column is not None:
        assert spec.label.column in columns
    else:
        table, _, column = str(spec.label.vectors).partition(".")
        assert "label_row" in columns
        assert column in contracts()[table].column_names if column else "ring_0" in contracts()[table].column_names
        assert str(spec.label.tracks) in contracts()
    for emit in spec.emits.values():
        assert emit.dtype == "str" or np.dtype(emit.dtype)
    if spec.sequences is not None:
        assert {spec.sequences.name, spec.sequences.sequence} <= set(contracts()[spec.sequences.table].column_names)
    assert store.sql(f"select distinct assembly from {task}.examples").fetchall() == [(spec.assembly,)]


@pytest.mark.parametrize("task", TASKS)
def test_splits_are_disjoint_and_cover_the_examples(store: lrbstore.Store, task: str) -> None:
    spec = task_specs()[task]
    n, distinct = store.sql(f"select count(*), count(distinct example_id) from {task}.examples").fetchall()[0]
    assert n == distinct > 0
    for scheme, splits in spec.schemes.items():
        counts = {split: store.sql(f"select count(*) from {spec.view(scheme, split)}").fetchall()[0][0] for split in splits}
        union = " union ".join(f"select example_id from {spec.view(scheme, split)}" for split in splits)
        together = store.sql(f"select count(*) from ({union})").fetchall()[0][0]
        assert sum(counts.values()) == together  # no example is in two splits
        assert all(counts.values())
        assert (together < n) == (scheme in spec.remainder)  # what is in no split is told, with the reason


@pytest.mark.parametrize("task", TASKS)
def test_every_metric_and_stratum_of_a_task_can_be_computed(store: lrbstore.Store, task: str) -> None:
    spec = task_specs()[task]
    opened = lrbstore.task(task, 256, store=store)
    labels = np.stack([one[spec.label.key] for one in opened.test])
    assert labels.dtype == np.dtype(spec.label.dtype)
    guess = labels + np.random.default_rng(0).normal(0, 1, labels.shape)
    frame = opened.score(guess, by=spec.strata)
    overall = frame.filter(frame["stratifier"] == "overall")
    assert overall["metric"].to_list() == [use.name for use in spec.metrics]
    assert overall["value"].null_count() == 0
    assert {name.split(":")[0] for name in frame["stratifier"]} == {"overall", *spec.strata}


@pytest.mark.parametrize("task", TASKS)
def test_an_example_has_the_keys_and_types_that_its_folder_says(store: lrbstore.Store, task: str) -> None:
    spec = task_specs()[task]
    one = lrbstore.task(task, 256, store=store, window="strict").test[0]
    kind = KINDS[spec.kind]
    more = [*(["labels_start", "labels_stop"] if spec.kind == "cage" else []), *(["ref_check"] if kind.has_ref else [])]
    assert list(one) == ["example_id", *kind.sequences, spec.label.key, *spec.emits, *more]
    assert one[spec.label.key].dtype == np.dtype(spec.label.dtype)
    n = len(one[kind.sequences[0]]) if kind.members else None
    for key, emit in spec.emits.items():
        if emit.members:
            assert len(one[key]) == n
            assert type(one[key]) is list if emit.dtype == "str" else one[key].dtype == np.dtype(emit.dtype), key
        else:
            assert type(one[key]) is str if emit.dtype == "str" else one[key].dtype == np.dtype(emit.dtype), key
    for key in kind.sequences:
        for sequence in one[key] if kind.members else [one[key]]:
            assert type(sequence) is str
            assert len(sequence) == 256
    for chromosome in one["chromosomes"] if kind.members else [one["chromosome"]]:
        assert not chromosome.startswith("chr")


@pytest.mark.parametrize("task", TASKS)
def test_every_key_that_a_batch_can_hold_is_described(store: lrbstore.Store, task: str) -> None:
    described = batch_keys(task_specs()[task])
    length = 256 if task_specs()[task].sequences is None else 16  # oligos are shorter than 256 bases
    batch = lrbstore.task(task, length, store=store, window="strict", edge="shift").test.empty_batch()
    assert list(batch) == list(described)
    sequences = KINDS[task_specs()[task].kind].sequences
    for key, (form, said) in described.items():
        assert said
        if key not in sequences:
            dtype, _, shape = form.partition(" ")
            assert (dtype, shape.count(",") + (not shape.endswith(",)"))) == (str(batch[key].dtype), batch[key].ndim), key
        assert f"| `{key}` | {form} |" in page(task, None)


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tasks that may be broken."""
    shutil.copytree(sql_folder() / "tasks", tmp_path / "tasks")
    monkeypatch.setattr(catalogue, "sql_folder", lambda: tmp_path)
    task_specs.cache_clear()
    yield tmp_path / "tasks" / "bulk_rna_expression"
    monkeypatch.undo()
    task_specs.cache_clear()
    assert list(task_specs()) == TASKS


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "point"', 'kind = "dot"', "kind"),
        ('name = "mean_r2"', 'name = "mean_r3"', "'mean_r3' is not a metric; known: "),
        ('split_scheme = "published"', 'split_scheme = "random"', "'random' has no folder; there are: published"),
        ('title = "', 'titel = "', "titel"),
        ('licence = "', 'licence = ["', "task.toml"),
        ("[label]", "[labels]", "label"),
        ("seq_len = 100000", 'seq_len = "long"', "seq_len"),
        ('assembly = "GRCh37"', 'assembly = "construct"', "'construct' is none of GRCh37, GRCh38, and no table of sequences is given"),
        (
            "[label]",
            '[sequences]\ntable = "t"\nname = "n"\nsequence = "s"\n\n[label]',
            "but assembly is 'GRCh37'; expected a word of their own",
        ),
        ('window = "lrb"', 'window = "lrb"\nedge = "pad"', "edge 'pad' does not go with window 'lrb'"),
    ],
)
def test_a_broken_definition_is_said_with_its_file(copied: Path, old: str, new: str, said: str) -> None:
    text = (copied / "task.toml").read_text()
    assert old in text
    (copied / "task.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(lrbstore.BadSpec, match=r"bulk_rna_expression/task\.toml does not describe a task") as caught:
        task_specs()
    assert said in str(caught.value)


def test_a_task_is_added_by_its_folder_alone(copied: Path) -> None:
    mine = copied.parent / "my_task"
    shutil.copytree(copied, mine)
    with pytest.raises(lrbstore.BadSpec, match=r"my_task/task\.toml.*does not read my_task\.examples"):
        task_specs()  # a copy whose splits are still those of another task
    for path in mine.glob("*/*.sql"):
        path.write_text(path.read_text().replace("bulk_rna_expression.examples", "my_task.examples"))
    assert "my_task" in task_specs()
    assert task_spec("my_task").title == task_spec("bulk_rna_expression").title
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'my_task'"):
        task_spec("my_tsk")


def test_the_digest_follows_every_file(copied: Path) -> None:
    def digest() -> str:
        task_specs.cache_clear()
        return task_spec("bulk_rna_expression").digest

    seen = [digest()]
    assert digest() == seen[0]
    for path in (copied / "task.toml", copied / "examples.sql", copied / "published" / "test.sql"):
        path.write_text(path.read_text() + "\n")
        seen.append(digest())
    (copied / "published" / "test.sql").rename(copied / "published" / "held_out.sql")
    seen.append(digest())
    assert len(set(seen)) == len(seen)
    (copied / "README.md").write_text("prose is no definition")
    assert digest() == seen[-1]


def test_every_source_has_a_card() -> None:
    for name, card in source_cards().items():
        assert card.name == name
        assert card.url.startswith("https://")
        assert all(text.strip() for text in (card.title, card.licence, card.citation, card.bring))
        assert set(card.assemblies) <= set(assemblies())
        assert f"lrbstore ingest {name} " in card.bring


@pytest.mark.parametrize("task", TASKS)
def test_rows_have_an_order_of_their_own(store: lrbstore.Store, task: str) -> None:
    """A join gives its rows in any order, another one at each reading: then the view of examples says one, or each split's does."""

    def says_one(path: Path) -> bool:
        return bool(re.search(r"\border by [^()]*$", re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")).strip()))

    folder = sql_folder() / "tasks" / task
    examples = folder / "examples.sql"
    has_join = re.search(r"\bjoin\b", re.sub(r"--[^\n]*", "", examples.read_text(encoding="utf-8")))
    assert not has_join or says_one(examples) or all(says_one(split) for split in folder.glob("*/*.sql"))
    spec, cursor = task_spec(task), store.cursor(task)
    for split in spec.splits(spec.split_scheme):
        read = [cursor.sql(f"select example_id from {spec.view(spec.split_scheme, split)}").to_arrow_table() for _ in range(4)]
        assert all(one.equals(read[0]) for one in read)
