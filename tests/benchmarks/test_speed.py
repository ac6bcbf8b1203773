"""How long things take on this machine: printed, never asserted. Run it with -m thorough -s."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from checks import gradcheck
from checks.suite import DTYPES, SUITE, rows, run_suite
from derivations import LAYERS, derive, read_layer
from derivations.network import network_page
from numeric.architectures import NETWORKS
from numeric.data.datasets import load
from numeric.training import train

pytestmark = pytest.mark.thorough

FULL = {
    "linear": {"N": 128, "D": 784, "C": 128},
    "conv2d": {"N": 8, "H": 28, "W": 28, "C": 64, "F": 64, "R": 3, "S": 3, "stride": 1, "pad": 1, "dilation": 1},
    "causal_attention": {"N": 8, "T": 256, "D": 64, "E": 64},
    "scaled_dot_product_attention": {"N": 8, "T": 256, "U": 256, "D": 64, "E": 64},
}


def seconds(function, *arguments, **options):
    start = time.perf_counter()
    result = function(*arguments, **options)
    return time.perf_counter() - start, result


@pytest.fixture(scope="module", autouse=True)
def warmed_up():
    """The first derivation also pays for what is imported and set up on the way."""
    _ = [step.proof for step in derive(read_layer("X[N] Y[N]\nY[n] = exp(X[n])", name="warm_up")).steps]


@pytest.mark.parametrize("name", LAYERS)
def test_deriving(name):
    took, derivation = seconds(derive, name)
    proving, _ = seconds(lambda: [step.proof for step in derivation.steps])
    print(f"\nderive {name:<22} {took:7.3f} s, {len(derivation.steps)} steps; proving them {proving:.3f} s")


def test_deriving_a_network():
    took, _ = seconds(network_page, "text", steps=True, width=80)
    print(f"\nderive network {took:.3f} s")


@pytest.mark.parametrize("row", SUITE, ids=lambda row: row.layer)
def test_checking(row):
    took, reports = seconds(run_suite, [row.layer])
    findings = sum(len(report.findings) for report in reports)
    print(f"\ncheck {row.layer:<22} {took:7.3f} s for {findings} findings in {' and '.join(DTYPES)}")


@pytest.mark.parametrize("name", FULL)
def test_checking_at_full_size(name):
    row, derivation = rows([name])[0], derive(name)
    took, report = seconds(gradcheck, (row.forward, row.backward), derivation, sizes=FULL[name], dtype="float32")
    drawn = ", ".join(f"{f.entries} of {f.of} of {f.cotangent}" for f in report.findings if f.entries < f.of)
    print(f"\ncheck {name} at full size {took:.2f} s: {report.verdict}; {drawn}")


@pytest.mark.parametrize("network", NETWORKS)
def test_an_epoch(network):
    dataset = load()
    print(f"\n{dataset.why}")
    history = train(network, dataset, epochs=3).history
    print(f"an epoch of {network}: {min(record.seconds for record in history):.2f} s at best of {len(history)}")


def test_starting():
    command = [sys.executable, "-m", "backproof", "--help"]
    root = Path(__file__).parent.parent.parent
    best = min(seconds(subprocess.run, command, cwd=root, capture_output=True, check=True)[0] for _ in range(5))
    print(f"\nbackproof --help {best:.3f} s at best of 5")
