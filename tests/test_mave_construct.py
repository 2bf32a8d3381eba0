"""Table mave_construct: the target and its changed form, against the HGVS texts as another reader applies them to the dump's targets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import lrbstore

ROWS = "select record_id, urn, hgvs_nt, ref_construct, alt_construct, target_ref_matches, is_wild_type, pos, ref, alt from mave_construct"


def changed(target: str, hgvs: str) -> str | None:
    """Apply one change of the target's own numbering, 1-based, or several from the last to the first; None for what is none."""
    if hgvs == "_wt" or hgvs.endswith("="):
        return target
    if several := re.fullmatch(r"(.*\.)\[(.*)\]", hgvs):
        for one in sorted(several[2].split(";"), key=lambda text: -int(re.match(r"\d+", text)[0])):  # type: ignore[index]
            target = changed(target, several[1] + one) or ""
        return target
    found = re.fullmatch(r"(?:.*:)?[nc]\.(\d+)(?:_(\d+))?(?:([ACGT])>([ACGT])|(del)?(?:(ins)([ACGT]+))?)", hgvs)
    if found is None:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    if found[3]:
        assert target[first - 1] == found[3]
        return target[: first - 1] + found[4] + target[first:]
    if found[5]:
        return target[: first - 1] + (found[7] or "") + target[last:]
    return target[:first] + found[7] + target[first:]


def test_simulated_constructs(simulated: Path, demo_store: Path) -> None:
    main = json.loads((simulated / "mavedb" / "main.json").read_text())
    sets = [s for group in main["experimentSets"] for e in group["experiments"] for s in e["scoreSets"]]
    targets = {s["urn"]: s["targetGenes"][0]["targetSequence"] for s in sets}
    with lrbstore.open(demo_store) as store:
        rows = store.sql(ROWS).fetchall()
        texts = store.sql("select record_id, urn, hgvs_nt from mave_score where hgvs_nt is not null").fetchall()
    want = {}
    for record, urn, hgvs in texts:
        if targets[urn]["sequenceType"] == "dna" and (alt := changed(targets[urn]["sequence"], hgvs)) is not None:
            want[record] = (urn, hgvs, targets[urn]["sequence"], alt)
    assert len(rows) == len(want)
    assert {row[0]: row[1:5] for row in rows} == want
    assert {len(row[4]) - len(row[3]) for row in rows} == {-3, 0, 3}
    assert not any(row[5] is False for row in rows)
    assert {row[4] == row[3] for row in rows if row[6]} == {True}
    assert any(";" in row[2] for row in rows)
    for _, _, _, ref, alt, _, _, pos, vcf_ref, vcf_alt in rows:  # REF and ALT say the same, with a base in each
        assert min(len(vcf_ref), len(vcf_alt)) > 0
        assert ref[pos - 1 :].startswith(vcf_ref)
        assert ref[: pos - 1] + vcf_alt + ref[pos - 1 + len(vcf_ref) :] == alt


@pytest.mark.slow
def test_real_constructs(realdata: Path, tmp_path: Path) -> None:
    from lrbstore.ingest.pipeline import ingest

    ingest(tmp_path / "store", "mavedb", [realdata / "mavedb"])
    with lrbstore.open(tmp_path / "store") as store:
        rows = store.sql(ROWS).fetchall()
    assert len({row[0] for row in rows}) == len(rows) == 39
    assert all(changed(row[3], row[2]) == row[4] for row in rows)
