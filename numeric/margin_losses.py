"""Losses that ask for a distance: the right one must be ahead by a margin, or point the same way."""

import numpy as np

from numeric.contract import contract


@contract("Z[N, C] T[N] in 0..C-1 margin > 0 -> L", analytic=False)
def hinge(Z: np.ndarray, T: np.ndarray, margin: float = 1.0) -> np.ndarray:
    """L = 1/N sum_n sum_(c not T[n]) max(0, margin + Z[n, c] - Z[n, T[n]]).

    Every wrong class counts, and they are summed, not averaged; in Crammer and Singer (2001) the worst alone counts.
    Z[N, C] holds scores in float32 or float64, T[N] integer labels; L is a scalar of Z's dtype. InputError otherwise.
    Source: Weston and Watkins (1999).
    """
    return np.maximum(_missing(Z, T, margin), 0).sum() / len(Z)


@contract("dL Z[N, C] T[N] in 0..C-1 margin > 0 -> dZ[N, C]", analytic=False)
def hinge_backward(dL: np.ndarray | float, Z: np.ndarray, T: np.ndarray, margin: float = 1.0) -> dict[str, np.ndarray]:
    """dZ[n, c] = dL/N where class c costs something; for the label, minus the sum of these.

    Raises InputError as `hinge` does.
    """
    dZ = (_missing(Z, T, margin) > 0).astype(Z.dtype)
    dZ[np.arange(len(T)), T] = -dZ.sum(axis=1)
    dZ *= dL / len(Z)
    return {"dZ": dZ}


def _missing(Z: np.ndarray, T: np.ndarray, margin: float) -> np.ndarray:
    """What each score is above the label's, less margin; for the label itself, 0."""
    rows = np.arange(len(T))
    missing = Z + float(margin)
    missing -= Z[rows, T][:, None]
    missing[rows, T] = 0
    return missing


@contract("A[N, D] P[N, D] Q[N, D] margin > 0 -> L S[N]", analytic=False)
def triplet(A: np.ndarray, P: np.ndarray, Q: np.ndarray, margin: float = 1.0) -> dict[str, np.ndarray]:
    """S[n] = margin + sum_d (A - P)² - sum_d (A - Q)², L = 1/N sum_n max(0, S[n]).

    The distances are squared, as FaceNet has them; Balntas et al. (2016), and PyTorch, take their roots.
    A[N, D], P[N, D] and Q[N, D] are of one dtype, float32 or float64; L is a scalar of it. InputError otherwise.
    Source: Schroff, Kalenichenko and Philbin (2015), eq. 1 to 3.
    """
    # |A - P|² - |A - Q|² = (Q - P)·((A - P) + (A - Q)): where P and Q are near each other, nothing large cancels.
    S = ((Q - P) * ((A - P) + (A - Q))).sum(axis=1)
    S += float(margin)
    return {"L": np.maximum(S, 0).sum() / len(S), "S": S}


@contract("dL A[N, D] P[N, D] Q[N, D] S[N] -> dA[N, D] dP[N, D] dQ[N, D]", analytic=False)
def triplet_backward(
    dL: np.ndarray | float, A: np.ndarray, P: np.ndarray, Q: np.ndarray, S: np.ndarray
) -> dict[str, np.ndarray]:
    """Where S > 0, dA = 2 dL (Q - P)/N, dP = 2 dL (P - A)/N, dQ = 2 dL (A - Q)/N; else 0.

    Raises InputError as `triplet` does.
    """
    share = ((S > 0) * S.dtype.type(dL * 2 / len(S)))[:, None]
    return {"dA": share * (Q - P), "dP": share * (P - A), "dQ": share * (A - Q)}


@contract("A[N, D] B[N, D] eps > 0 -> Y[N] p[N] q[N]", analytic=False)
def cosine_similarity(A: np.ndarray, B: np.ndarray, eps: float = 1e-8) -> dict[str, np.ndarray]:
    """Y[n] = sum_d A[n, d] B[n, d] / (p[n] q[n]), p = max(eps, |A[n]|), q = max(eps, |B[n]|).

    A[N, D] and B[N, D] are of one dtype, float32 or float64, and so are Y, p and q. InputError otherwise.
    Source: Salton and McGill (1983).
    """
    p, q = (np.maximum(np.sqrt((V * V).sum(axis=1)), float(eps)) for V in (A, B))
    return {"Y": (A * B).sum(axis=1) / (p * q), "p": p, "q": q}


@contract("dY[N] A[N, D] B[N, D] Y[N] p[N] q[N] eps > 0 -> dA[N, D] dB[N, D]", analytic=False)
def cosine_similarity_backward(
    dY: np.ndarray,
    A: np.ndarray,
    B: np.ndarray,
    Y: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
    eps: float = 1e-8,
) -> dict[str, np.ndarray]:
    """dA = dY (B/(p q) - Y A/p²), the second term only where p > eps; dB likewise. InputError as for the layer."""
    both = (dY / (p * q))[:, None]
    own_p, own_q = ((dY * Y * (length > float(eps)) / (length * length))[:, None] for length in (p, q))
    return {"dA": both * B - own_p * A, "dB": both * A - own_q * B}
