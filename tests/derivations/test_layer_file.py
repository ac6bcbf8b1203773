"""A layer in a file of its own: called as the file is, and refused with the file's name."""

import re

import pytest

from derivations import DerivationError, read_layer
from derivations.layer_file import read_layer_file

TEXT = "X[N, D]  Y[N, D]\nY[n, d] = X[n, d]**3\n"


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_file_is_read_as_its_text_is(tmp_path, start):
    path = tmp_path / "cube.layer.txt"
    path.write_bytes(start + TEXT.encode())
    assert read_layer_file(path) == read_layer(TEXT, name="cube.layer")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "No such file"),
        (b"X[N] Y[N]\nY[n] = foo(X[n])", "line 2, column 8: "),
        (b"X[N] \xff", "byte 5 is no UTF-8"),
        (b" " * 1_000_001, "longer than 1000000 bytes"),
    ],
)
def test_what_is_refused_is_one_line_that_names_the_file(tmp_path, content, line):
    path = tmp_path / "mine.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DerivationError, match=rf"^.*{re.escape(str(path))}.*{line}[^\n]*$"):
        read_layer_file(path)
