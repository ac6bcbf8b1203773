import math
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from numeric.architectures import NETWORKS
from numeric.bench.contestants import CONTESTANTS, TASKS, Task, book
from numeric.data.datasets import load
from numeric.errors import InputError


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.mark.parametrize("name", CONTESTANTS)
@pytest.mark.parametrize("task", ["cnn", "nielsen"])
def test_every_epoch_that_is_drawn_is_trained(digits, name, task):
    if name == "book" and task != "nielsen":
        pytest.skip("his loop has sigmoid layers only")
    if name == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
        if task == "nielsen":
            pytest.skip("PyTorch is not asked for his network")
    epochs = CONTESTANTS[name](replace(TASKS[task], batch=32), digits, 1, 0)
    accuracies = [np.mean(next(epochs)() == digits.test_labels) for _ in range(6)]
    assert accuracies[-1] > 0.8
    assert len(set(accuracies)) > 1


@pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")
def test_pytorch_starts_from_the_same_distribution_and_does_the_same_work(digits):
    """Means over seeds of what one epoch makes of the same network are the same within their spread."""
    task = replace(TASKS["mlp"], batch=32, rate=0.01)
    read = {
        name: [np.mean(next(CONTESTANTS[name](task, digits, 1, seed))() == digits.test_labels) for seed in range(8)]
        for name in ("backproof", "torch")
    }
    spread = math.hypot(*(np.std(accuracies) for accuracies in read.values())) / math.sqrt(8)
    assert abs(np.mean(read["backproof"]) - np.mean(read["torch"])) < 5 * spread


def test_the_loop_of_the_book_takes_steps_of_gradient_descent(digits):
    """From images all alike, and one step: every output moves towards the target."""
    few = replace(digits, train_images=digits.train_images[:10], train_labels=digits.train_labels[:10])
    few = replace(few, test_images=few.train_images, test_labels=few.train_labels)
    epochs = book(Task(NETWORKS["nielsen-quadratic"], batch=10, rate=3.0, momentum=0.0), few, 1, 0)
    for _ in range(300):
        read = next(epochs)
    np.testing.assert_array_equal(read(), few.train_labels)


def test_a_rate_falls_along_half_a_cosine_to_a_tenth_or_stays():
    falling = Task(NETWORKS["cnn"], batch=128, rate=0.2, momentum=0.9, epochs=4)
    assert [falling.rate_at(done) for done in (0, 2, 4, 9)] == pytest.approx([0.2, 0.1, 0.02, 0.02])
    assert replace(falling, epochs=None).rate_at(9) == 0.2


def test_without_pytorch_there_is_one_clear_line(digits, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InputError, match="PyTorch is not installed: pip install torch"):
        next(CONTESTANTS["torch"](TASKS["mlp"], digits, 1, 0))
