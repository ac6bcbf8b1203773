"""What a report shows of a trained network: which digits it confuses, what it reads wrongly, what it looks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numeric.data.dataset import Dataset
from numeric.history import Epoch
from numeric.model import Model
from numeric.network import Network, Parameters
from numeric.pictures.weights import first_weights

MOST_MISTAKES = 20


@dataclass(frozen=True)
class Mistake:
    """A test image [H, W], what it is, what the network read, and from 0 to 1 how sure it was."""

    image: np.ndarray
    label: int
    read: int
    share: float


@dataclass(frozen=True)
class RunReport:
    """All that the page shows: what summary.json and history.jsonl hold, and what became of the test images.

    `confusion` [C, C] counts test images by label (row) and by what was read (column). `mistakes` are the surest first.
    `weights` [units, H, W] is what each unit of the first layer makes of a picture, None where that is no picture.
    `certificate` is what certificate.json holds, None where nothing was checked.
    """

    summary: Mapping[str, Any]
    history: Sequence[Epoch]
    confusion: np.ndarray
    mistakes: Sequence[Mistake]
    weights: np.ndarray | None
    certificate: Mapping[str, Any] | None = None


@np.errstate(all="ignore")  # some BLAS raise the flags without a reason
def gather(
    network: Network,
    parameters: Parameters,
    dataset: Dataset,
    history: Sequence[Epoch],
    summary: Mapping[str, Any],
    certificate: Mapping[str, Any] | None = None,
) -> RunReport:
    """Let the network read the test images, and keep what a report shows of it."""
    labels = dataset.test_labels
    read = network.predict(parameters, dataset.test_images)
    confusion = np.zeros((dataset.classes, dataset.classes), np.int64)
    np.add.at(confusion, (labels, read), 1)
    mistakes = worst_mistakes(Model(network, parameters, {}), dataset, read)
    first, its_parameters = network.members(parameters)[0]
    weights = first_weights(its_parameters, first.shapes, dataset.image_shape)
    return RunReport(summary, history, confusion, mistakes, weights, certificate)


def worst_mistakes(model: Model, dataset: Dataset, read: np.ndarray) -> list[Mistake]:
    """The test images that were read wrongly, as `read` [N] says: the surest first, 20 at most."""
    wrong = np.flatnonzero(read != dataset.test_labels)
    if not len(wrong):
        return []
    shares = model.shares(dataset.test_images[wrong])[np.arange(len(wrong)), read[wrong]]
    return [
        Mistake(
            dataset.test_images[wrong[k]].reshape(dataset.image_shape),
            int(dataset.test_labels[wrong[k]]),
            int(read[wrong[k]]),
            float(shares[k]),
        )
        for k in np.argsort(-shares, kind="stable")[:MOST_MISTAKES]
    ]
