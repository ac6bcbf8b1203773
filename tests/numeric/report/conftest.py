"""A report of made-up numbers."""

from dataclasses import replace

import numpy as np
import pytest

from numeric.history import Epoch
from numeric.report.run_report import Mistake, RunReport


def _history(epochs):
    return [
        Epoch(
            epoch=k,
            loss=2 / k,
            validation_accuracy=1 - 0.5 / k,
            rate=0.1,
            seconds=0.25,
            norms={"W1": 1 / k, "b1": 0.1 / k, "W2": 3 / k, "b2": 0.2 / k},
            check=0.1 * k,
        )
        for k in range(1, epochs + 1)
    ]


def _certificate():
    def check(verdict, error):
        return {"case": "N=2", "cotangent": "dX", "witness": "derivation", "verdict": verdict, "error": error}

    entry = {"layer": "linear", "implementation": "linear", "dtype": "float64", "seed": 7, "verdict": "agree"}
    checks = [check("agree", 0.25), check("agree", 0.125), check("unresolved", 90.0)]
    return {
        "format": 1,
        "verdict": "agree",
        "checked": [entry | {"cases": ["N=2", "N=3"], "sources": ["numeric.linear"], "checks": checks}],
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
        "sources": {"numeric.linear": "12ab" * 16},
        "digest": "34cd" * 16,
    }


@pytest.fixture
def make_report():
    """make_report(epochs, **what differs) -> a RunReport of a network that reads two of twelve images wrongly."""

    def make(epochs=4, **changes):
        rng = np.random.default_rng(0)
        history = _history(epochs)
        report = RunReport(
            summary={
                "network": "mlp",
                "dataset": "digits",
                "parameters": 12345,
                "epochs": epochs,
                "best_epoch": epochs,
                "train_seconds": 0.25 * epochs,
                "test_accuracy": 10 / 12,
                "validation_accuracy": history[-1].validation_accuracy,
                "seed": 3,
                "threads": 1,
            },
            history=history,
            confusion=np.array([[3, 1, 0], [0, 4, 0], [0, 1, 3]]),
            mistakes=[
                Mistake(rng.random((8, 8)).astype(np.float32), label=0, read=1, share=0.875),
                Mistake(rng.random((8, 8)).astype(np.float32), label=2, read=1, share=0.5),
            ],
            weights=rng.normal(size=(5, 8, 8)).astype(np.float32),
            certificate=_certificate(),
        )
        return replace(report, **changes)

    return make
