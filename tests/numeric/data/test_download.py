import gzip
import socket
import time

import pytest

from numeric.data.download import download
from numeric.data.idx import read_idx
from numeric.errors import InputError

NAME = "labels.gz"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def mirror(tmp_path, serve):
    """mirror(content) -> URL of a server that has `content` under NAME; None: has no such file."""

    def start(content):
        folder = tmp_path / f"mirror{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        if content is not None:
            (folder / NAME).write_bytes(content)
        return serve(folder)

    return start


@pytest.fixture
def dead():
    """The URL of a port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def fetch(mirrors, cache, limit=1000):
    return download(NAME, mirrors, cache, lambda path: read_idx(path).array.tolist(), limit)


def test_the_file_arrives_verified_and_as_it_was_sent(mirror, cache, digits_idx):
    packed = gzip.compress(digits_idx)
    assert fetch([mirror(packed)], cache) == list(range(8))
    assert (cache / NAME).read_bytes() == packed
    assert [path.name for path in cache.iterdir()] == [NAME]


def test_the_second_mirror_steps_in_for_one_that_is_down(mirror, dead, cache, digits_idx):
    assert fetch([dead, mirror(gzip.compress(digits_idx))], cache) == list(range(8))


@pytest.mark.parametrize(
    "wrong",
    [lambda good: None, lambda good: b"<html>", lambda good: good[:-9], lambda good: good[:12], lambda good: b""],
    ids=["missing", "other content", "truncated", "cut short", "empty"],
)
def test_the_second_mirror_steps_in_for_wrong_content(mirror, cache, digits_idx, wrong):
    good = gzip.compress(digits_idx)
    assert fetch([mirror(wrong(good)), mirror(good)], cache) == list(range(8))
    assert (cache / NAME).read_bytes() == good


def test_when_all_fail_each_failure_is_told_and_nothing_is_written(mirror, dead, cache):
    missing, other = mirror(None), mirror(b"<html>")
    with pytest.raises(InputError) as caught:
        fetch([dead, missing, other], cache)
    message = str(caught.value)
    assert message.startswith("could not download labels.gz (")
    assert f"{dead}: no connection, ConnectionError" in message
    assert f"{missing}: answered 404" in message
    assert f"{other}: " in message
    assert "wrong magic number" in message
    assert "\n" not in message
    assert not cache.exists()


def test_a_mirror_that_sends_without_end_is_cut_off(mirror, cache):
    with pytest.raises(InputError, match="sends more than the file can have"):
        fetch([mirror(bytes(100_000))], cache, limit=1000)
    assert not cache.exists()


def test_a_mirror_that_promises_more_than_it_sends_is_noticed(cache, digits_idx):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        import threading

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + gzip.compress(digits_idx))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(InputError, match="could not download"):
            fetch([f"http://127.0.0.1:{server.getsockname()[1]}/"], cache)
        thread.join()
    assert not cache.exists()


def test_a_mirror_that_says_nothing_is_given_up(cache, monkeypatch):
    monkeypatch.setattr("numeric.data.download._TIMEOUT", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.perf_counter()
        with pytest.raises(InputError, match="no connection, ReadTimeout"):
            fetch([f"http://127.0.0.1:{silent.getsockname()[1]}/"], cache)
        assert time.perf_counter() - start < 5
