"""Penalties: what a network pays for its parameters alone, whatever the data."""

import math
from typing import Any

import numpy as np

from numeric.contract import Option, contract


def _is_strength(value: Any) -> bool:
    return isinstance(value, int | float | np.floating) and 0 <= float(value) < math.inf


STRENGTH = Option("a finite real number, 0 or more", _is_strength)


@contract("W[D, C] -> L", lam=STRENGTH)
def l2_penalty(W: np.ndarray, lam: float) -> np.ndarray:
    """L = lam/2 sum_d sum_c W[d, c]².

    W[D, C] is float32, float64 or complex128; L is a scalar of its dtype. Raises InputError for anything else, and
    for a `lam` below 0. Source: Nielsen (2015), ch. 3, eq. 87, with lam for his lambda/n.
    """
    flat = W.ravel()
    return float(lam) / 2 * (flat @ flat)


@contract("dL W[D, C] -> dW[D, C]", lam=STRENGTH)
def l2_penalty_backward(dL: np.ndarray | float, W: np.ndarray, lam: float) -> dict[str, np.ndarray]:
    """dW = dL lam W. Raises InputError as `l2_penalty` does."""
    return {"dW": W * W.dtype.type(dL * lam)}


@contract("W[D, C] -> L", analytic=False, lam=STRENGTH)
def l1_penalty(W: np.ndarray, lam: float) -> np.ndarray:
    """L = lam sum_d sum_c |W[d, c]|.

    W[D, C] is float32 or float64; L is a scalar of its dtype. Raises InputError for anything else, and for a `lam`
    below 0. Source: Nielsen (2015), ch. 3, eq. 95, with lam for his lambda/n.
    """
    return float(lam) * np.abs(W).sum()


@contract("dL W[D, C] -> dW[D, C]", analytic=False, lam=STRENGTH)
def l1_penalty_backward(dL: np.ndarray | float, W: np.ndarray, lam: float) -> dict[str, np.ndarray]:
    """dW = dL lam sign(W), 0 where W is 0. Raises InputError as `l1_penalty` does."""
    return {"dW": np.sign(W) * W.dtype.type(dL * lam)}


@contract("W[D, C] -> L", analytic=False, lam1=STRENGTH, lam2=STRENGTH)
def elastic_net(W: np.ndarray, lam1: float, lam2: float) -> np.ndarray:
    """L = lam1 sum_d sum_c |W[d, c]| + lam2/2 sum_d sum_c W[d, c]².

    W[D, C] is float32 or float64; L is a scalar of its dtype. Raises InputError for anything else, and for a `lam1`
    or `lam2` below 0. Source: Zou and Hastie (2005).
    """
    flat = W.ravel()
    return float(lam1) * np.abs(flat).sum() + float(lam2) / 2 * (flat @ flat)


@contract("dL W[D, C] -> dW[D, C]", analytic=False, lam1=STRENGTH, lam2=STRENGTH)
def elastic_net_backward(dL: np.ndarray | float, W: np.ndarray, lam1: float, lam2: float) -> dict[str, np.ndarray]:
    """dW = dL (lam1 sign(W) + lam2 W). Raises InputError as `elastic_net` does."""
    return {"dW": np.sign(W) * W.dtype.type(dL * lam1) + W * W.dtype.type(dL * lam2)}
