"""Hypothesis profiles: `dev` by default, `ci` where CI is set, `thorough` for a long look; Ctrl-C; a browser."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.chromium import CHROMIUM, MISSING, Chromium

# A shell's background job ignores Ctrl-C, and so would the commands that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where pytest-xdist has a worker for every core, threads of BLAS would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

_SLOW_MACHINES = [HealthCheck.too_slow, HealthCheck.data_too_large]
# Explaining a failure traces every line that SymPy runs: it takes minutes, and looks like a hang.
_PHASES = [phase for phase in Phase if phase is not Phase.explain]
settings.register_profile("dev", max_examples=15, deadline=None, suppress_health_check=_SLOW_MACHINES, phases=_PHASES)
settings.register_profile(
    "ci",
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=_SLOW_MACHINES,
    print_blob=True,
    phases=_PHASES,
)
settings.register_profile("thorough", max_examples=1000, deadline=None, suppress_health_check=_SLOW_MACHINES)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_collection_modifyitems(items):
    """Those that run whole commands first: they are the longest, and at the end one worker would be left with them."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


@pytest.fixture
def offline(tmp_path):
    """An environment for subprocesses where MNIST cannot be had: every download fails at once, the cache is empty."""
    nobody = "http://127.0.0.1:9"  # the discard port: nothing listens
    proxies = {"http_proxy": nobody, "https_proxy": nobody, "HTTP_PROXY": nobody, "HTTPS_PROXY": nobody, "no_proxy": ""}
    surroundings = {name: value for name, value in os.environ.items() if name != "BACKPROOF_DATA"}
    return surroundings | proxies | {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A real browser, one for all tests."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
