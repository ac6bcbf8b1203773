import gzip
import hashlib

import numpy as np
import pytest

from numeric.data import mnist
from numeric.data.mnist import FILES, IdxFile, find
from numeric.errors import InputError


def record(content, shape):
    return IdxFile("labels", shape, len(content), hashlib.sha256(content).hexdigest())


def test_the_right_content_is_believed_plain_or_compressed(tmp_path, digits_idx):
    file = record(digits_idx, (8,))
    for name, content in {"plain": digits_idx, "packed": gzip.compress(digits_idx, 1)}.items():
        (tmp_path / name).write_bytes(content)
        assert file.verified(tmp_path / name).tolist() == list(range(8))


def test_altered_content_is_not(tmp_path, idx, digits_idx):
    path = tmp_path / "labels"
    path.write_bytes(idx(np.array([0, 1, 2, 3, 4, 5, 7, 6], np.uint8)))
    with pytest.raises(InputError, match=r"labels: SHA-256 is [0-9a-f]{64}; expected .*: the file was altered"):
        record(digits_idx, (8,)).verified(path)


def test_another_shape_or_dtype_is_not(tmp_path, idx, digits_idx):
    path = tmp_path / "labels"
    path.write_bytes(idx(np.arange(9, dtype=np.uint8)))
    with pytest.raises(InputError, match=r"holds uint8 of shape \(9,\); expected uint8"):
        record(digits_idx, (8,)).verified(path)
    path.write_bytes(idx(np.arange(8, dtype=np.int8), 0x09))
    with pytest.raises(InputError, match="holds int8"):
        record(digits_idx, (8,)).verified(path)


def test_labels_out_of_range_are_named(tmp_path, idx, digits_idx):
    path = tmp_path / "labels"
    path.write_bytes(idx(np.array([0, 1, 2, 3, 4, 10, 6, 7], np.uint8)))
    with pytest.raises(InputError, match=r"label 5 is 10; expected labels 0\.\.9"):
        record(digits_idx, (8,)).verified(path)


def test_files_are_found_in_the_folder_or_its_mnist_plain_or_compressed(tmp_path):
    (tmp_path / "mnist").mkdir()
    names = [file.name for file in FILES]
    places = [tmp_path / names[0], tmp_path / f"{names[1]}.gz", tmp_path / "mnist" / names[2]]
    places.append(tmp_path / "mnist" / f"{names[3]}.gz")
    assert find(tmp_path) == {}
    for path in places:
        path.touch()
    assert list(find(tmp_path).values()) == places


def test_a_folder_with_some_of_the_files_names_the_missing(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").touch()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").touch()
    with pytest.raises(
        InputError, match="train-labels-idx1-ubyte, t10k-images-idx3-ubyte missing; expected MNIST's four"
    ):
        find(tmp_path)


def small_mnist(idx, monkeypatch):
    """Four small files in the place of the real ones; their contents by name."""
    rng = np.random.default_rng(0)
    contents, files = {}, {}
    for constant in ("TRAIN_IMAGES", "TRAIN_LABELS", "TEST_IMAGES", "TEST_LABELS"):
        real = getattr(mnist, constant)
        shape = (6, *real.shape[1:])
        content = idx(rng.integers(0, 256 if len(shape) > 1 else 10, size=shape, dtype=np.uint8))
        files[constant] = IdxFile(real.name, shape, len(content), hashlib.sha256(content).hexdigest())
        contents[real.name] = content
        monkeypatch.setattr(mnist, constant, files[constant])
    monkeypatch.setattr(mnist, "FILES", tuple(files.values()))
    return contents


def test_the_cache_is_filled_from_a_mirror_and_mended_where_it_is_damaged(tmp_path, serve, idx, monkeypatch):
    contents = small_mnist(idx, monkeypatch)
    cache, origin = tmp_path / "cache", tmp_path / "origin"
    origin.mkdir()
    for name, content in contents.items():
        (origin / f"{name}.gz").write_bytes(gzip.compress(content))
    dataset = mnist.assemble(mnist.fetch(cache, [serve(origin)]), "why")
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in contents)
    pixels = np.frombuffer(contents["train-images-idx3-ubyte"], np.uint8, offset=16).reshape(6, 784)
    np.testing.assert_allclose(dataset.train_images, pixels / 255, rtol=1e-6)
    assert dataset.train_images.dtype == np.float32
    assert dataset.test_labels.tolist() == list(contents["t10k-labels-idx1-ubyte"][8:])

    again = mnist.fetch(cache, mirrors=[])
    assert {file.name for file in again} == set(contents)

    damaged = cache / "t10k-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"could not download t10k-images-idx3-ubyte.gz"):
        mnist.fetch(cache, mirrors=[])
    mnist.fetch(cache, [serve(origin)])
    assert damaged.read_bytes() == (origin / damaged.name).read_bytes()
