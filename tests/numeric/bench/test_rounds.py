import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from numeric.bench import rounds
from numeric.bench.rounds import Comparison, Entrant, Outcome, bytes_needed, run
from numeric.data.datasets import load
from numeric.errors import InputError

OURS, OTHER, SLOW = Entrant("backproof"), Entrant("torch"), Entrant("torch", 2)
ROOT = Path(__file__).parents[3]


def comparison(**changes):
    return Comparison(**{"title": "t", "task": "mlp", "entrants": (OURS, OTHER, SLOW), "aim": 1.0} | changes)


@pytest.fixture
def answers(monkeypatch):
    """answers({entrant: [answer, ...]}): what the processes will say, one answer after the other; who was asked."""
    asked = []

    def prepare(told):
        left = {entrant: iter(lines) for entrant, lines in told.items()}

        @contextmanager
        def process(task, entrant, seed, data):
            def ask():
                asked.append((entrant, seed))
                return next(left[entrant])

            yield ask

        monkeypatch.setattr(rounds, "_process", process)
        return asked

    return prepare


def epoch(seconds, accuracy=0.5, memory=100):
    return {"seconds": seconds, "accuracy": accuracy, "bytes": memory}


def test_everybody_takes_turns_after_an_epoch_that_does_not_count(answers):
    told = {OURS: [epoch(9), epoch(1, memory=300), epoch(3)], OTHER: [epoch(9), epoch(2), epoch(4)]}
    asked = answers(told)
    outcome = run(comparison(entrants=(OURS, OTHER)), 2, None, lambda line: None)
    assert outcome.seconds == {OURS: [1, 3], OTHER: [2, 4]}
    assert outcome.bytes == 300
    assert [entrant for entrant, _ in asked] == [OURS, OURS, OTHER, OTHER, OURS, OTHER]
    assert outcome.ratios() == [0.5, 0.75]


def test_each_side_is_measured_by_its_best_entrant():
    seconds = {OURS: [4.0, 4.0, 9.0], Entrant("backproof", 2): [3.0, 2.0, 3.0], OTHER: [4.0, 4.0, 4.0], SLOW: [5.0] * 3}
    assert Outcome(comparison(), seconds).ratios() == [0.75, 0.5, 0.75]


def test_who_is_not_installed_is_left_out_and_named(answers):
    trouble = {"trouble": "PyTorch is not installed: pip install torch"}
    asked = answers({OURS: [epoch(9), epoch(1), epoch(1)], OTHER: [trouble], SLOW: [trouble]})
    outcome = run(comparison(), 2, None, lambda line: None)
    assert outcome.missing == {OTHER: trouble["trouble"], SLOW: trouble["trouble"]}
    assert outcome.ratios() == []
    assert len(asked) == 5


def test_a_race_adds_up_epochs_until_the_accuracy_is_there(answers):
    there = [epoch(2, 0.98), epoch(3, 0.991)]
    asked = answers({OURS: there * 3, OTHER: [epoch(4, 0.99)] * 3, SLOW: [epoch(1, 0.1)] * 100})
    outcome = run(comparison(until=0.99), 7, None, lambda line: None)
    assert outcome.seconds == {OURS: [5, 5, 5], OTHER: [4, 4, 4], SLOW: []}
    assert outcome.missing == {SLOW: "did not arrive in 20 epochs"}
    assert {seed for entrant, seed in asked if entrant == OURS} == {0, 1, 2}


def test_a_process_that_ends_early_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(sys, "executable", "true")
    with pytest.raises(InputError, match="backproof, 1 thread ended before it had trained"):
        run(comparison(entrants=(OURS,)), 1, None, lambda line: None)


@pytest.mark.skipif(not os.environ.get("BACKPROOF_DATA"), reason="BACKPROOF_DATA is not set: no MNIST to train on")
def test_a_process_trains_an_epoch_for_every_line():
    command = [sys.executable, "-m", "numeric.bench.process", "mlp", "backproof", "1", "0", "default"]
    told = subprocess.run(command, input="\n\n", cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = (json.loads(line) for line in told.stdout.splitlines())
    assert 0.9 < first["accuracy"] < second["accuracy"]
    images = load("mnist", os.environ["BACKPROOF_DATA"]).train_images
    assert images.nbytes < second["bytes"] < 2 * images.nbytes
    assert second["seconds"] > 0


def test_the_bytes_needed_are_the_data_and_five_numbers_a_parameter():
    digits = load("digits")
    assert bytes_needed(digits, 1000) == np.prod(digits.train_images.shape) * 4 + digits.test_images.nbytes + 20_000
