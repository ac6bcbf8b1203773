import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from numeric.data.datasets import load
from numeric.errors import InputError

DATA = os.environ.get("BACKPROOF_DATA")
needs_mnist = pytest.mark.skipif(not DATA, reason="BACKPROOF_DATA is not set: no MNIST to read")


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No folder named, an empty cache."""
    monkeypatch.delenv("BACKPROOF_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def broken(tmp_path):
    """A folder with MNIST's four files, the first of them truncated."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte.gz").write_bytes(gzip.compress(bytes(100))[:-5])
    return folder


def test_auto_falls_back_to_the_digits_and_says_why():
    dataset = load("auto", mirrors=[])
    assert dataset.name == "digits"
    assert dataset.why.startswith(
        "scikit-learn's embedded digits, because MNIST cannot be had: BACKPROOF_DATA is not set"
    )
    assert "could not download train-images-idx3-ubyte.gz" in dataset.why
    assert "\n" not in dataset.why


def test_mnist_fails_clearly_instead():
    with pytest.raises(
        InputError, match=r"MNIST cannot be had: BACKPROOF_DATA is not set; could not download.*give --data DIR"
    ):
        load("mnist", mirrors=[])


def test_digits_are_the_digits_whatever_else_there_is(monkeypatch, broken):
    monkeypatch.setenv("BACKPROOF_DATA", str(broken))
    assert load("digits").name == "digits"


def test_digits_from_a_folder_are_a_contradiction(tmp_path):
    with pytest.raises(InputError, match="the digits are embedded"):
        load("digits", tmp_path)


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_a_folder_given_by_hand_must_have_the_files(tmp_path, dataset):
    with pytest.raises(InputError, match=r"no MNIST files in .*; expected its four IDX files"):
        load(dataset, tmp_path, mirrors=[])
    with pytest.raises(InputError, match=r"no folder .*absent"):
        load(dataset, tmp_path / "absent", mirrors=[])


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_a_damaged_file_is_an_error_and_never_a_fallback(monkeypatch, broken, dataset):
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte.gz: corrupt gzip file|wrong magic"):
        load(dataset, broken)
    monkeypatch.setenv("BACKPROOF_DATA", str(broken))
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte.gz: corrupt gzip file|wrong magic"):
        load(dataset)


@pytest.mark.parametrize("place", ["empty", "absent"])
def test_an_environment_folder_without_files_is_passed_over_and_mentioned(monkeypatch, tmp_path, place):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("BACKPROOF_DATA", str(tmp_path / place))
    dataset = load("auto", mirrors=[])
    assert dataset.name == "digits"
    assert f"no MNIST files in BACKPROOF_DATA={tmp_path / place}" in dataset.why


def test_an_unknown_dataset_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown dataset 'cifar'; expected one of auto, mnist, digits"):
        load("cifar")


def test_a_cache_that_cannot_be_written_is_one_more_reason_for_the_digits(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert load("auto", mirrors=[]).name == "digits"


@needs_mnist
def test_real_mnist_is_read_from_the_folder_and_from_the_environment(monkeypatch):
    by_hand = load("mnist", DATA)
    monkeypatch.setenv("BACKPROOF_DATA", DATA)
    by_name = load("auto")
    assert by_hand.why == f"MNIST from {DATA}"
    assert by_name.why == f"MNIST from BACKPROOF_DATA={DATA}"
    for dataset in (by_hand, by_name):
        assert dataset.train_images.shape == (60000, 784)
        assert dataset.test_images.shape == (10000, 784)
        assert dataset.train_images.dtype == np.float32
        assert dataset.train_images.max() == 1
        assert dataset.train_labels[:5].tolist() == [5, 0, 4, 1, 9]


@needs_mnist
def test_real_mnist_is_downloaded_once_and_then_read_from_the_cache(tmp_path, serve):
    source = Path(DATA) / "mnist"
    if not (source / "t10k-labels-idx1-ubyte.gz").exists():
        pytest.skip("needs the compressed files in BACKPROOF_DATA/mnist")
    origin = tmp_path / "origin"
    shutil.copytree(source, origin)
    first = load("auto", mirrors=[serve(origin)])
    again = load("auto", mirrors=[])
    assert first.name == again.name == "mnist"
    assert "from the cache" in again.why
    np.testing.assert_array_equal(first.train_labels, again.train_labels)
