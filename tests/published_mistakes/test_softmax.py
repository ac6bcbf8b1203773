"""Mistakes with softmax."""

import numpy as np

from checks import gradcheck
from numeric.activations import softmax


def test_the_off_diagonal_terms_are_dropped(likeliest):
    """Tables of activations with `softmax_derivative(s) = s*(1 - s)` beside the sigmoid's: the diagonal alone."""
    report = gradcheck((softmax, lambda dP, P: dP * P * (1 - P)), "softmax")
    assert likeliest(report, "dZ") == ("off-diagonal terms", "off-diagonal")


def test_the_shortcut_with_cross_entropy_is_used_twice():
    """a - y is the derivative of softmax and cross-entropy together; then softmax's own comes once more."""

    def backward(dL, P, T):
        dZ = dL * (P - np.eye(P.shape[1])[T]) / len(T)
        return P * (dZ - (dZ * P).sum(axis=1, keepdims=True))

    from numeric.losses import softmax_cross_entropy

    assert gradcheck((softmax_cross_entropy, backward), "softmax_cross_entropy").verdict == "disagree"
