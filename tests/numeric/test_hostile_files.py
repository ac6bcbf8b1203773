"""Files made to do harm: each is refused in one line, soon, and before anything is allocated that its header claims.

What no list foresees, bytes that are changed at random, either leaves a model that computes, or is refused as well.
"""

import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from numeric import checkpoint
from numeric.architectures import NETWORKS, build
from numeric.data import idx
from numeric.data.datasets import load as load_dataset
from numeric.data.idx import read_idx
from numeric.data.pictures import read_picture
from numeric.errors import InputError
from numeric.model import load_model
from numeric.recipes import RECIPES
from numeric.resumption import CHECKPOINT, recorded_run
from numeric.training import train

ROOT = Path(__file__).parents[2]


@contextmanager
def refused(line, most=2e6):
    """The block raises InputError with this in its one line, and allocates no more than so many bytes."""
    tracemalloc.start()
    with pytest.raises(InputError, match=line) as caught:
        yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value).isprintable(), "one line"
    assert len(str(caught.value)) < 1000
    assert peak < most


def safetensors(path, header, body=b"", sparse=0):
    """A file by hand; `sparse` bytes of it lie on no disk."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + body)
    if sparse:
        os.truncate(path, path.stat().st_size + sparse)
    return path


def two(**changes):
    return {"W1": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}}


def strings(ours):
    return {"__metadata__": {"backproof": ours if isinstance(ours, str) else json.dumps(ours)}}


TWICE = b'{"W1":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"W1":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
NO_SAFETENSORS = "is no intact safetensors file"
HEADERS = {
    "arrays that overlap": ({**two(), "b": two()["W1"]}, bytes(8), NO_SAFETENSORS),
    "a hole between arrays": ({**two(), "b": two(data_offsets=[16, 24])["W1"]}, bytes(24), NO_SAFETENSORS),
    "bytes that belong to nothing": (two(), bytes(16), NO_SAFETENSORS),
    "an offset beyond the end": (two(data_offsets=[1 << 40, (1 << 40) + 8]), bytes(8), NO_SAFETENSORS),
    "an offset that runs backwards": (two(data_offsets=[8, 0]), bytes(8), NO_SAFETENSORS),
    "a negative offset": (two(data_offsets=[-8, 0]), bytes(8), NO_SAFETENSORS),
    "a name twice": (TWICE, bytes(8), "names 'W1' twice in its header"),
    "brackets without end": (b'{"W1":' + b"[" * 100_000, b"", NO_SAFETENSORS),
    "a number without end": (b'{"W1": 1' + b"0" * 10_000 + b"}", b"", NO_SAFETENSORS),
    "a negative size": (two(shape=[-2]), bytes(8), NO_SAFETENSORS),
    "a size that is no whole number": (two(shape=[2.0]), bytes(8), NO_SAFETENSORS),
    "a size of NaN": (b'{"W1":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', bytes(8), NO_SAFETENSORS),
    "a size of 0": (two(shape=[0], data_offsets=[0, 0]), b"", r"W1 is of shape \(0,\)"),
    "exabytes of nothing": (two(shape=[0, 1 << 62], data_offsets=[0, 0]), b"", "W1 is of shape"),
    "a hundred axes": (two(shape=[1] * 100, data_offsets=[0, 4]), bytes(4), "expected 8 axes at most"),
    "whole numbers": (two(dtype="I32"), bytes(8), "W1 is I32; expected one of F32, F64"),
    "half precision": (two(dtype="F16", shape=[4]), bytes(8), "W1 is F16"),
    "a dtype that is none": (two(dtype="F\n32"), bytes(8), NO_SAFETENSORS),
    "a name of two lines": ({"a\nb": two()["W1"]}, bytes(8), r"an array that is named 'a\\nb'"),
    "a name of a megabyte": ({"a" * 10**6: two()["W1"]}, bytes(8), "an array that is named 'aaa"),
    "ten thousand arrays": (
        {f"a{i}": two(data_offsets=[8 * i, 8 * i + 8])["W1"] for i in range(10_000)},
        bytes(80_000),
        "holds 10000 arrays; expected 1000 at most",
    ),
    "strings that are none": ({"__metadata__": {"backproof": {"a": 1}}}, b"", NO_SAFETENSORS),
    "metadata of brackets": (strings("[" * 100_000), b"", "its metadata are damaged"),
    "metadata of one number": (strings('{"a": 1' + "0" * 10_000 + "}"), b"", "its metadata are damaged"),
    "metadata that are a number": (strings({"network": 3}), b"", "its metadata are damaged"),
    "metadata that are a list": (strings({"network": ["mlp"]}), b"", "its metadata are damaged"),
    "a network of two lines": (strings({"network": "x\n" * 10_000}), b"", "names no network of ours"),
    "a network that is no text": (strings('{"network": "\\ud800"}'), b"", "names no network of ours"),
    "nothing at all": ({}, b"", "names no network of ours"),
}


@pytest.mark.parametrize("harm", HEADERS)
def test_a_hostile_header_is_refused_in_one_line(tmp_path, harm):
    header, body, line = HEADERS[harm]
    path = safetensors(tmp_path / "model.safetensors", header, body)
    with refused(line, most=2e7):  # so much for a header of a megabyte
        load_model(path)


def test_a_header_of_many_megabytes_is_refused_unread(tmp_path):
    path = safetensors(tmp_path / "model.safetensors", b"{}" + b" " * 20_000_000)
    with refused("has a header of 20000002 bytes; expected 10000000 at most", most=2.5e7):
        load_model(path)


@pytest.mark.parametrize("length", [0, 7, 8])
def test_a_file_of_next_to_nothing_is_refused(tmp_path, length):
    (tmp_path / "model.safetensors").write_bytes(bytes(length))
    with refused(NO_SAFETENSORS):
        load_model(tmp_path / "model.safetensors")


def test_ten_gigabytes_of_zeros_are_refused_unread(tmp_path):
    path = tmp_path / "model.safetensors"
    path.touch()
    os.truncate(path, 10 << 30)
    with refused(NO_SAFETENSORS):
        load_model(path)


def shapes_of(name, features=64, **changes):
    shapes = {**build(name, features, 10).shapes, **changes}
    header, end = strings({"network": name, "features": str(features), "progress": "{}"}), 0
    for tensor, shape in shapes.items():
        size = 4 * int(np.prod(shape, dtype=object))
        header[tensor] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    return header, end


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"W1": (1 << 24, 128)}, r"W1 is \(16777216, 128\), expected \(64, 128\)"),
        ({"W1": (1 << 19, 4096)}, r"W1 is \(524288, 4096\), expected \(64, 128\)"),
        ({"W9": (1 << 31,)}, "W9 is .* expected no such tensor"),
        ({"b3": (1 << 24,)}, "lacks the last parameters of mlp"),
        ({"W2": (1 << 16, 1 << 15)}, "W2 is"),
    ],
)
def test_gigabytes_of_parameters_are_refused_unread(tmp_path, changes, line):
    header, size = shapes_of("mlp", **changes)
    path = safetensors(tmp_path / "model.safetensors", header, sparse=size)
    with refused(line):
        load_model(path)


def test_gigabytes_in_a_checkpoint_are_refused_unread(tmp_path):
    header, size = shapes_of("mlp", W1=(1 << 24, 128))
    safetensors(tmp_path / CHECKPOINT, header, sparse=size)
    with refused("is damaged"):
        recorded_run(tmp_path)
    dataset = digits()
    with refused("is of a run with", most=1e7):
        train("mlp", dataset, recipe=QUICK, out=tmp_path, resume=True)


def test_what_float32_cannot_hold_is_refused(tmp_path):
    network = build("mlp", 64, 10)
    parameters = network.views(np.full(network.size, 1e300))
    checkpoint.save(tmp_path / "model.safetensors", parameters, {"network": "mlp", "features": "64"})
    with refused("not finite", most=1e7):
        load_model(tmp_path / "model.safetensors")


READERS = {
    "model": load_model,
    "checkpoint": lambda path: train("mlp", digits(), recipe=QUICK, out=path.parent, resume=True),
    "picture": lambda path: read_picture(path, 64),
    "idx": read_idx,
}


def pipe(path):
    os.mkfifo(path)


def loop(path):
    path.symlink_to(path.name)


def device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("make", [pipe, loop, device, Path.mkdir, Path.touch])
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path, reader, make):
    if make is device and not Path("/dev/zero").exists():
        pytest.skip("this system has no /dev/zero")
    path = tmp_path / (CHECKPOINT if reader == "checkpoint" else "file")
    make(path)
    with refused("file|cannot read|IDX|picture", most=2e7):
        READERS[reader](path)


@pytest.mark.parametrize("reader", ["model", "picture", "idx"])
def test_a_name_that_is_too_long_is_refused(tmp_path, reader):
    with refused("File name too long", most=2e7):
        READERS[reader](tmp_path / ("a" * 300))


# Whatever a byte is changed to, the file is refused or what comes out can be computed with.

QUICK = replace(RECIPES["mlp", "digits"], epochs=3)


def digits():
    return load_dataset("digits")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A model, a checkpoint after two of three epochs, a PNG and a JPEG."""
    folder = tmp_path_factory.mktemp("good")

    class Stop:
        def start(self, epochs):
            pass

        def batch(self, done):
            pass

        def epoch(self, record):
            if record.epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("mlp", digits(), recipe=QUICK, out=folder, observers=[Stop()])
    network = build("three-blue-one-brown", 64, 10)
    vector = network.initialize("scaled", np.random.default_rng(0))
    checkpoint.save(folder / "model.safetensors", network.views(vector), {"network": network.name, "features": "64"})
    picture = Image.fromarray(np.kron(digits().test_images[0].reshape(8, 8) * 255, np.ones((4, 4))).astype(np.uint8))
    picture.save(folder / "digit.png")
    picture.save(folder / "digit.jpg")
    return folder


@st.composite
def changes(draw):
    """Up to three places, as a share of the file's length or near its beginning, and what is put there."""
    place = st.one_of(st.floats(0, 1, exclude_max=True), st.integers(0, 400))
    return draw(st.lists(st.tuples(place, st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=3))


def damaged(whole, changed):
    for place, gone, put in changed:
        at = int(place * len(whole)) if isinstance(place, float) else min(place, len(whole))
        whole = whole[:at] + put + whole[at + gone :]
    return whole


@given(changed=changes())
def test_a_damaged_model_computes_or_is_refused(good, changed):
    path = good / "damaged.safetensors"
    path.write_bytes(damaged((good / "model.safetensors").read_bytes(), changed))
    assert refusal(partial(load_model, path)).isprintable()
    with suppress(InputError):
        model = load_model(path)
        assert {name: array.shape for name, array in model.parameters.items()} == model.network.shapes
        assert all(np.isfinite(array).all() for array in model.parameters.values())


def refusal(run):
    """The line with which something is refused; nothing where it is not."""
    try:
        run()
    except InputError as error:
        return str(error)
    return ""


def resumed(folder):
    """Go on from a checkpoint, to the end."""
    with suppress(InputError):
        recorded_run(folder)
    result = train("mlp", digits(), recipe=QUICK, out=folder, resume=True)
    assert [epoch.epoch for epoch in result.history] == [1, 2, 3]
    assert all(np.isfinite(array).all() for array in result.parameters.values())


@given(changed=changes())
def test_a_damaged_checkpoint_goes_on_or_is_refused(good, tmp_path_factory, changed):
    folder = tmp_path_factory.mktemp("damaged")
    (folder / CHECKPOINT).write_bytes(damaged((good / CHECKPOINT).read_bytes(), changed))
    assert refusal(partial(resumed, folder)).isprintable()


NUMBERS = [True, -1, 0, 3, 1 << 70, -(1 << 70), 0.5, float("nan"), float("inf")]
ODD = st.sampled_from([None, *NUMBERS, "", "PCG64", "a\nb", [], [1], {}, {"a": 1}])


def places(told, path=()):
    """The way to every field, and to every field of those."""
    yield path
    for key, value in told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ():
        yield from places(value, (*path, key))


@given(data=st.data())
def test_a_checkpoint_with_an_odd_field_goes_on_or_is_refused(good, tmp_path_factory, data):
    arrays, metadata = checkpoint.load(good / CHECKPOINT)
    told = json.loads(metadata["progress"])
    *way, last = data.draw(st.sampled_from([path for path in places(told) if path]))
    holder = told
    for key in way:
        holder = holder[key]
    if isinstance(holder, dict) and data.draw(st.booleans()):
        del holder[last]
    else:
        holder[last] = data.draw(ODD)
    folder = tmp_path_factory.mktemp("odd")
    checkpoint.save(folder / CHECKPOINT, arrays, {"progress": json.dumps(told)})
    assert refusal(partial(resumed, folder)).isprintable()


@pytest.mark.parametrize("name", ["digit.png", "digit.jpg"])
@given(changed=changes())
def test_a_damaged_picture_is_read_or_refused(good, name, changed):
    path = good / f"damaged-{name}"
    path.write_bytes(damaged((good / name).read_bytes(), changed))
    assert refusal(partial(read_picture, path, 64)).isprintable()
    with suppress(InputError):
        row = read_picture(path, 64).row
        assert row.shape == (1, 64)
        assert ((row >= 0) & (row <= 1)).all()


# Pictures by hand.


def chunk(kind, content=b""):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def lines(width, height):
    """Compressed rows of 8 bits, with something dark in the middle third."""
    row = np.full(width, 255, np.uint8)
    dark = row.copy()
    dark[width // 3 : width - width // 3] = 0
    third = height // 3
    rows = [row] * third + [dark] * (height - 2 * third) + [row] * third
    return zlib.compress(b"".join(b"\0" + each.tobytes() for each in rows), 9)


def png(width=24, height=24, depth=8, colours=0, content=None, before=b"", after=b"", end=True):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    body = chunk(b"IDAT", lines(24, 24) if content is None else content)
    return b"\x89PNG\r\n\x1a\n" + header + before + body + after + chunk(b"IEND") * end


BOMB = zlib.compress(bytes(100_000_000), 9)
PICTURES = {
    "a width and height without end": (partial(png, (1 << 31) - 1, (1 << 31) - 1), "is damaged"),
    "a height of 49 million": (partial(png, 1, 49_000_000), "has 1 x 49000000 pixels"),
    "no width": (partial(png, 0, 24), "is no PNG or JPEG picture"),
    "pixels that are not there": (partial(png, 7000, 7000), "truncated"),
    "a text of 100 MB": (partial(png, before=chunk(b"zTXt", b"a\0\0" + BOMB)), "is damaged"),
    "an international one": (partial(png, before=chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)), "is damaged"),
    "a colour profile of 100 MB": (partial(png, before=chunk(b"iCCP", b"a\0\0" + BOMB)), "is damaged"),
    "no palette": (partial(png, colours=3), "is damaged|shows nothing"),
    "an empty chunk": (partial(png, before=chunk(b"tRNS")), "is damaged"),
    "a depth of 3 bits": (partial(png, depth=3), "is no PNG or JPEG picture"),
    "a colour type of 7": (partial(png, colours=7), "is no PNG or JPEG picture"),
    "one pixel": (partial(png, 1, 1, content=lines(1, 1)), "shows nothing"),
    "half of its pixels": (partial(png, content=lines(24, 24)[:12]), "truncated|damaged"),
    "no pixels": (lambda: png()[:33] + chunk(b"IEND"), "cannot"),
    "a chunk of 2 GB": (lambda: png()[:33] + struct.pack(">I", (1 << 31) - 1) + b"tEXt", "cannot read|damaged|no PNG"),
}


@pytest.mark.parametrize("harm", PICTURES)
def test_a_hostile_picture_is_refused_in_one_line(tmp_path, harm):
    make, line = PICTURES[harm]
    (tmp_path / "x.png").write_bytes(make())
    read_picture_once(tmp_path)
    with refused(line, most=1e7):
        read_picture(tmp_path / "x.png", 784)


def read_picture_once(folder):
    """Import all that is needed, so that it does not count."""
    (folder / "good.png").write_bytes(png())
    assert read_picture(folder / "good.png", 784).row.shape == (1, 784)


DEEP = np.where(np.abs(np.arange(24) - 12) < 4, 300, 60_000)


@pytest.mark.parametrize(
    "content",
    [
        png(end=False),
        png(before=b"".join(chunk(b"tEXt", b"a%d\0b" % i) for i in range(2000))),
        png(before=b"".join(chunk(b"IDAT") for _ in range(2000))),
        png(before=chunk(b"acTL", struct.pack(">II", (1 << 31) - 1, 0))),
        png(depth=16, content=zlib.compress(24 * (b"\0" + DEEP.astype(">u2").tobytes()))),
    ],
    ids=["no end", "many chunks", "many empty chunks", "frames without end", "16 bits"],
)
def test_an_odd_picture_is_read_all_the_same(tmp_path, content):
    (tmp_path / "x.png").write_bytes(content)
    assert read_picture(tmp_path / "x.png", 784).row.max() > 0.9


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_every_kind_of_picture_shows_the_same_digit(tmp_path, mode):
    grey = np.full((60, 60), 255, np.uint8)
    grey[10:50, 25:35] = 0
    plain, path = tmp_path / "plain.png", tmp_path / ("x.jpg" if mode in ("CMYK", "YCbCr") else "x.png")
    Image.fromarray(grey).save(plain)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    image.save(path)
    assert np.abs(read_picture(path, 784).row - read_picture(plain, 784).row).max() < 0.05


def test_a_photograph_of_49_million_pixels_takes_little_memory(tmp_path):
    """In a process of its own, because Pillow's memory is not Python's."""
    (tmp_path / "photo.png").write_bytes(png(7000, 7000, content=lines(7000, 7000)))
    program = (
        "import sys; from pathlib import Path; from numeric.allocation import peak_memory\n"
        "from numeric.data.pictures import read_picture\n"
        "assert read_picture(Path(sys.argv[1]), 784).row.max() > 0.9\n"
        "print(peak_memory())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "photo.png"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(told.stdout) < 600e6


def test_a_picture_of_many_megabytes_is_refused_unread(tmp_path):
    (tmp_path / "x.png").write_bytes(png())
    os.truncate(tmp_path / "x.png", 2 << 30)
    with refused("is longer than 100 MB", most=1e7):
        read_picture(tmp_path / "x.png", 784)


# IDX files by hand.


def header(*sizes, code=8):
    return bytes([0, 0, code, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (header(0, 5), "none of them 0"),
        (header(0, *[(1 << 32) - 1] * 3), "none of them 0"),
        (header(*[1] * 255) + b"a", "expected 8 sizes at most"),
        (header(*[0] * 65), "expected 8 sizes at most"),
        (header(1 << 31, 1 << 31, 4), "more than the file can hold"),
        (header(1 << 31, 1 << 30, 2, code=0x0E), "more than the file can hold"),
        (header(1) + b"ab", "it holds more"),
    ],
)
def test_a_hostile_idx_header_is_refused_in_one_line(tmp_path, content, line, packed):
    (tmp_path / "x").write_bytes(gzip.compress(content) if packed else content)
    with refused(line):
        read_idx(tmp_path / "x")


def test_a_gzip_bomb_with_an_honest_header_is_refused_unread(tmp_path):
    """A megabyte that holds the gigabyte of entries that it promises."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(header(1 << 30))
        for _ in range(1 << 10):
            file.write(bytes(1 << 20))
    (tmp_path / "bomb").write_bytes(packed.getvalue())
    with refused("claims 1073741824 bytes of entries; expected 268435456 at most"):
        read_idx(tmp_path / "bomb")


def test_gzip_members_one_after_the_other_are_one_file(tmp_path):
    members = [gzip.compress(part) for part in (header(3), b"", b"ab", b"c")]
    (tmp_path / "x").write_bytes(b"".join(members))
    np.testing.assert_array_equal(read_idx(tmp_path / "x").array, [97, 98, 99])
    (tmp_path / "x").write_bytes(b"".join(members) + b"junk")
    with refused("corrupt gzip file"):
        read_idx(tmp_path / "x")


def test_the_limits_are_far_from_what_is_real():
    assert idx._LARGEST > 60_000 * 28 * 28 * 4
    assert all(len(build(name, 784, 10).shapes) * 4 < checkpoint._MOST_ARRAYS for name in NETWORKS)
