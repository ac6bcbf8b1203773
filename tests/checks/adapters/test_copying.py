"""Copies of objects that hold what cannot be copied: that is shared, and all else is their own."""

import random
import threading

import numpy as np
import pytest

from checks import gradcheck
from checks.adapters.copying import copied
from checks.implementation import MisconductError


class Affine:
    """Computes with whichever library it is given."""

    def __init__(self, W, b, library=np):
        self.xp, self.lock, self.kept = library, threading.Lock(), {"random": [random]}
        self.W, self.b, self.self = W, b, self

    def forward(self, x):
        with self.lock:
            self.x = x
        return self.xp.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


def test_what_cannot_be_copied_is_shared():
    affine = Affine(np.ones((4, 3)), np.ones(3))
    copy = copied(affine)
    assert (copy.xp, copy.kept["random"][0], copy.lock) == (np, random, affine.lock)
    assert copy.self is copy
    assert not np.shares_memory(copy.W, affine.W)
    report = gradcheck(affine, "linear")
    assert report.verdict == "agree", report


def test_an_object_that_refuses_to_be_copied_is_a_finding():
    class Only(Affine):
        def __deepcopy__(self, memo):
            raise ValueError("there can be only one")

    with pytest.raises(MisconductError, match="there can be only one"):
        copied([Only(np.ones(3), 0)])
