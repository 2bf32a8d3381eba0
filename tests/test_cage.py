"""CAGE label arrays in rings: what goes in comes out, for any number of central bins, and short requests read little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore.cage import BINS, RINGS, TRACKS, from_rings, rings_for, to_rings
from lrbstore.contract import contract


def labels(n: int, seed: int = 0) -> np.ndarray:
    """Give n label arrays in which every value is another one: float32 (n, 896, 50)."""
    values = np.random.default_rng(seed).permutation(n * BINS * TRACKS)
    return values.astype(np.float32).reshape(n, BINS, TRACKS)


@pytest.fixture(scope="module")
def three() -> tuple[np.ndarray, list[np.ndarray]]:
    arrays = labels(3)
    return arrays, to_rings(arrays)


def test_rings_are_a_partition_of_the_bins(three: tuple[np.ndarray, list[np.ndarray]]) -> None:
    arrays, rings = three
    assert [ring.shape for ring in rings] == [(3, 2 * (outer - inner) * TRACKS) for inner, outer in zip((0, *RINGS), RINGS, strict=False)]
    assert sum(ring.shape[1] for ring in rings) == BINS * TRACKS
    assert all(ring.dtype == np.float32 for ring in rings)
    for i in range(3):
        np.testing.assert_array_equal(np.sort(np.concatenate([ring[i] for ring in rings])), np.sort(arrays[i].ravel()))


def test_ring_0_is_the_central_16_bins_and_each_ring_is_left_then_right(three: tuple[np.ndarray, list[np.ndarray]]) -> None:
    arrays, rings = three
    np.testing.assert_array_equal(rings[0], arrays[:, 440:456].reshape(3, -1))
    np.testing.assert_array_equal(rings[1], np.concatenate([arrays[:, 432:440], arrays[:, 456:464]], axis=1).reshape(3, -1))
    np.testing.assert_array_equal(rings[6], np.concatenate([arrays[:, :192], arrays[:, 704:]], axis=1).reshape(3, -1))


def test_the_tables_columns_are_the_rings() -> None:
    assert [c for c in contract("cage_label").column_names if c.startswith("ring_")] == [f"ring_{k}" for k in range(len(RINGS))]
    assert RINGS[-1] * 2 == BINS


@pytest.mark.parametrize("n_bins", range(2, BINS + 1, 2))
def test_any_even_number_of_central_bins_comes_back(n_bins: int, three: tuple[np.ndarray, list[np.ndarray]]) -> None:
    arrays, rings = three
    wanted = rings_for(n_bins)
    assert wanted == tuple(f"ring_{k}" for k in range(len(wanted)))
    got = from_rings([rings[int(name.removeprefix("ring_"))] for name in wanted], n_bins)
    np.testing.assert_array_equal(got, arrays[:, BINS // 2 - n_bins // 2 : BINS // 2 + n_bins // 2])
    assert got.dtype == np.float32
    assert got.flags["C_CONTIGUOUS"]
    read = sum(rings[int(name.removeprefix("ring_"))].shape[1] for name in wanted) // TRACKS
    assert read >= n_bins
    assert read < 2 * n_bins or n_bins < 10
    if len(wanted) > 1:
        assert sum(rings[k].shape[1] for k in range(len(wanted) - 1)) // TRACKS < n_bins, "the last ring is needed"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.integers(1, BINS // 2), st.integers(0, 2**32 - 1))
def test_batches_of_any_size_come_back_bit_for_bit(n: int, half: int, seed: int) -> None:
    # Any bits: the values may be negative zeros, subnormal or not numbers at all; rings carry them as they are.
    bits = np.random.default_rng(seed).integers(0, 2**32, (n, BINS, TRACKS), dtype=np.uint32)
    rings = to_rings(bits.view(np.float32))
    got = from_rings(rings[: len(rings_for(2 * half))], 2 * half)
    np.testing.assert_array_equal(got.view(np.uint32), bits[:, BINS // 2 - half : BINS // 2 + half])


def test_making_rings_leaves_the_input_alone() -> None:
    arrays = labels(2, 7)
    before = arrays.copy()
    rings = to_rings(arrays)
    for ring in rings:
        ring += 1
    np.testing.assert_array_equal(arrays, before)
