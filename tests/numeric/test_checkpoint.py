import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.checkpoint import load, save
from numeric.errors import InputError


def write(path, header, body=b""):
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + body)
    return path


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    rng = np.random.default_rng(0)
    parameters = {"W1": rng.normal(size=(3, 2)).astype(np.float32), "b1": np.zeros(2, np.float32)}
    save(path, parameters, {"network": "mlp"})
    return path, parameters


def test_what_was_saved_comes_back_bit_for_bit(saved):
    path, parameters = saved
    found, metadata = load(path)
    assert metadata == {"network": "mlp"}
    assert set(found) == set(parameters)
    for name, array in parameters.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    files = [tmp_path / str(i) for i in range(8)]
    for path in files:
        save(path, {"W": np.ones(2, np.float32), "b": np.ones(1, np.float32)}, {"a": "1", "b": "2", "c": "3"})
    assert len({path.read_bytes() for path in files}) == 1


def test_a_file_of_somebody_else_has_no_metadata_of_ours(tmp_path):
    path = write(tmp_path / "other", {"__metadata__": {"format": "pt"}})
    assert load(path) == ({}, {})


def test_views_are_saved_as_what_they_show(tmp_path):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    save(tmp_path / "m", {"W": array.T, "row": array[1]}, {})
    found, _ = load(tmp_path / "m")
    np.testing.assert_array_equal(found["W"], array.T)
    np.testing.assert_array_equal(found["row"], array[1])


@given(st.integers(0, 200))
def test_every_truncation_is_refused(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("cut") / "model.safetensors"
    save(path, {"W": np.ones((4, 4), np.float32)}, {"network": "mlp"})
    whole = path.read_bytes()
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(InputError):
        load(path)


@pytest.mark.parametrize(
    "header",
    [
        b"no json at all",
        b"\x80\x04pickle",
        {"W": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}},
        {"W": {"dtype": "F32", "shape": [1 << 62, 1 << 62], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}},
        {"W": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}},
        {"W": {"dtype": "OBJ", "shape": [2], "data_offsets": [0, 8]}},
    ],
)
def test_malformed_headers_get_one_line_that_names_the_file(tmp_path, header):
    path = write(tmp_path / "bad.safetensors", header, bytes(8))
    with pytest.raises(InputError, match=r"bad.safetensors is no intact safetensors file") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_header_longer_than_the_file_is_refused(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(InputError, match="no intact safetensors file"):
        load(path)


def test_a_missing_file_gets_one_line(tmp_path):
    with pytest.raises(InputError, match=r"no file .*absent; expected a model.safetensors"):
        load(tmp_path / "absent")
    with pytest.raises(InputError, match="no file"):
        load(tmp_path)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "I64"])
def test_arrays_that_no_network_of_ours_has_are_refused(tmp_path, dtype):
    header = {"W": {"dtype": dtype, "shape": [{"BF16": 4, "F8_E4M3": 8, "I64": 1}[dtype]], "data_offsets": [0, 8]}}
    with pytest.raises(InputError, match=f"W is {dtype}; expected one of F32, F64"):
        load(write(tmp_path / "other", header, bytes(8)))


@pytest.mark.parametrize(
    "damaged",
    ["[1]", "{", "3", '{"network": []}', '{"seed": 1}', "[" * 100_000, "9" * 5000],
    ids=["a list", "cut", "a number", "a list in it", "a number in it", "endless", "a long number"],
)
def test_damaged_metadata_are_refused(tmp_path, damaged):
    with pytest.raises(InputError, match="its metadata are damaged"):
        load(write(tmp_path / "other", {"__metadata__": {"backproof": damaged}}))
