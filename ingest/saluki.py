"""Saluki's predictions of reporter assays, as its repository publishes them beside the assays' own values."""

from __future__ import annotations

from lrbstore.ingest.predictions import Predictor

_ABOUT = "convolutional and recurrent network on an mRNA's bases, codons and splice sites; trained on half-lives of human and mouse mRNAs"
_REFERENCE = (
    "Agarwal V., Kelley D.R. The genetic and biochemical determinants of mRNA degradation rates in mammals. Genome Biology 23, 245 (2022). "
    "doi:10.1186/s13059-022-02811-x"
)


def saluki(task: str, about: str) -> Predictor:
    """Say what Saluki's predictions of a task are; it was trained on none of these assays."""
    return Predictor(task, "saluki", "Saluki", _ABOUT, _REFERENCE, "zero_shot", about)
