"""MNIST: its four files, found in a folder or downloaded, and believed only when their checksums are right."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from numeric.data.dataset import Dataset
from numeric.data.idx import Idx, read_idx
from numeric.errors import InputError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_CLASSES = 10


@dataclass(frozen=True)
class IdxFile:
    """One of the files: its name, the shape of its array, the size and SHA-256 of its decompressed content."""

    name: str
    shape: tuple[int, ...]
    size: int
    sha256: str

    def verified(self, path: Path) -> np.ndarray:
        """Read the array from `path`; InputError unless it is this very file, in shape, labels and checksum."""
        found: Idx = read_idx(path)
        array = found.array
        if array.shape != self.shape or array.dtype != np.uint8:
            raise InputError(
                f"{path}: holds {array.dtype} of shape {array.shape}; expected uint8 of shape {self.shape}"
            )
        if array.ndim == 1 and array.max() >= _CLASSES:
            worst = int(array.argmax())
            raise InputError(f"{path}: label {worst} is {array[worst]}; expected labels 0..{_CLASSES - 1}")
        if found.sha256 != self.sha256:
            raise InputError(f"{path}: SHA-256 is {found.sha256}; expected {self.sha256}: the file was altered")
        return array


TRAIN_IMAGES = IdxFile(
    "train-images-idx3-ubyte",
    (60000, 28, 28),
    47040016,
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = IdxFile(
    "train-labels-idx1-ubyte",
    (60000,),
    60008,
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = IdxFile(
    "t10k-images-idx3-ubyte",
    (10000, 28, 28),
    7840016,
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = IdxFile(
    "t10k-labels-idx1-ubyte",
    (10000,),
    10008,
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def find(folder: Path) -> dict[IdxFile, Path]:
    """The MNIST files in `folder` or its `mnist/`, plain or .gz; InputError where some of the four are missing.

    Where there is none at all, the result is empty.
    """
    found = {file: path for file in FILES if (path := _locate(folder, file.name))}
    missing = [file.name for file in FILES if file not in found]
    if found and missing:
        raise InputError(f"{folder}: {', '.join(missing)} missing; expected MNIST's four IDX files, plain or .gz")
    return found


def read(paths: dict[IdxFile, Path]) -> dict[IdxFile, np.ndarray]:
    """Read and verify the files; raises InputError, naming the file, where one is not what it should be."""
    return {file: file.verified(path) for file, path in paths.items()}


def fetch(folder: Path, mirrors: Sequence[str]) -> dict[IdxFile, np.ndarray]:
    """Read the files from `folder`, our cache, downloading into it first what it lacks or holds damaged.

    Raises InputError, naming every mirror and its failure, where no mirror delivers.
    """
    return {file: _cached(folder, file, mirrors) for file in FILES}


def assemble(arrays: dict[IdxFile, np.ndarray], why: str) -> Dataset:
    """The four arrays as a dataset."""
    return Dataset(
        "mnist",
        why,
        _rows(arrays[TRAIN_IMAGES]),
        arrays[TRAIN_LABELS].astype(np.int64),
        _rows(arrays[TEST_IMAGES]),
        arrays[TEST_LABELS].astype(np.int64),
        image_shape=(28, 28),
    )


def _locate(folder: Path, name: str) -> Path | None:
    candidates = [place / file for place in (folder, folder / "mnist") for file in (name, f"{name}.gz")]
    return next((path for path in candidates if path.is_file()), None)


def _cached(folder: Path, file: IdxFile, mirrors: Sequence[str]) -> np.ndarray:
    path = _locate(folder, file.name)
    if path is not None:
        with contextlib.suppress(InputError):  # what is damaged in our own cache is fetched anew
            return file.verified(path)
    from numeric.data.download import download  # brings in the HTTP client

    # No gzip file is that long for this content: a mirror that sends more sends something else.
    return download(f"{file.name}.gz", mirrors, folder, file.verified, limit=2 * file.size + 1000)


def _rows(images: np.ndarray) -> np.ndarray:
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows /= 255
    return rows
