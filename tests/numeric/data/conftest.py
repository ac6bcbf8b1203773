"""Small IDX files, and a real HTTP server on this machine that serves a folder."""

import functools
import http.server
import struct
import threading

import numpy as np
import pytest


def _idx(array, code=0x08):
    return bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="session")
def idx():
    """idx(array, type code) -> the bytes of an IDX file; the array is in the byte order that the file shall have."""
    return _idx


@pytest.fixture
def digits_idx(idx):
    """The bytes of an IDX file of eight labels."""
    return idx(np.arange(8, dtype=np.uint8))


@pytest.fixture
def serve():
    """serve(folder) -> the URL of a server for that folder, which runs until the test is over."""
    servers = []

    def start(folder):
        handler = functools.partial(_Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()
