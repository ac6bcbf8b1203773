"""Differences of every coordinate of every input in float64: our witness's time beside torch.autograd.gradcheck's.

    python tests/benchmarks/against_gradcheck.py

Both judge one forward and one backward of the same layer, on one thread, from the same inputs: ours by the witness of
differences, with an error estimate for each coordinate; torch's by gradcheck in its slow mode, with one step and a
tolerance. The runs are interleaved, so that whatever else the machine does falls on both; the median of the paired
ratios is printed, with its quartiles. Where torch is not installed this says so.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy and torch are imported
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402 - the threads are counted when it is imported

from checks.adapters.functions import from_functions  # noqa: E402
from checks.precision import format_of  # noqa: E402
from checks.suite import rows  # noqa: E402
from checks.trial import Trial  # noqa: E402
from checks.witnesses import Witnesses  # noqa: E402
from derivations import derive  # noqa: E402

PAIRS = 15
Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """A layer of the catalogue, the shapes of its real inputs, and the same layer in torch."""

    layer: str
    shapes: dict[str, tuple[int, ...]]
    torch_forward: Callable
    others: dict[str, object]


def linear(torch, X, W, b):
    return torch.nn.functional.linear(X, W.T, b)


def conv2d(torch, X, K, b):
    return torch.nn.functional.conv2d(X.permute(0, 3, 1, 2), K.permute(3, 2, 0, 1), b)


def layer_norm(torch, X, gamma, beta):
    return torch.nn.functional.layer_norm(X, gamma.shape, gamma, beta)


def attention(torch, Q, K, V):
    return torch.nn.functional.scaled_dot_product_attention(Q, K, V)


def lstm_cell(torch, x, h0, c0, Wx, Wh, b):
    return torch._VF.lstm_cell(x[0], (h0, c0), Wx.T, Wh.T, b, torch.zeros_like(b))[0]


N, D, M = 8, 8, 8
CASES = {
    "linear 32 to 16, batch 8": Case("linear", {"X": (8, 32), "W": (32, 16), "b": (16,)}, linear, {}),
    "conv2d 3 to 4, 3x3, 2x8x8": Case(
        "conv2d",
        {"X": (2, 8, 8, 3), "K": (3, 3, 3, 4), "b": (4,)},
        conv2d,
        {"stride": 1, "pad": 0, "dilation": 1},
    ),
    "layer norm 8x32": Case("layer_norm", {"X": (8, 32), "gamma": (32,), "beta": (32,)}, layer_norm, {"eps": 1e-5}),
    "attention 2x6x8": Case(
        "scaled_dot_product_attention",
        dict.fromkeys("QKV", (2, 6, 8)),
        attention,
        {"M": np.ones((2, 6, 6), int)},
    ),
    "LSTM cell 8 to 8, batch 8": Case(
        "lstm",
        {"x": (1, N, D), "h0": (N, M), "c0": (N, M), "Wx": (D, 4 * M), "Wh": (M, 4 * M), "b": (4 * M,)},
        lstm_cell,
        {},
    ),
}


def our_run(case: Case, inputs: Inputs) -> Callable[[], int]:
    """Testimony about every coordinate of every input; how many that are."""
    (row,) = rows([case.layer])[:1]
    derivation = derive(case.layer)
    outputs = derivation.layer.evaluate({**inputs, **case.others}, "float64")
    values = {**inputs, **case.others}
    for tensor in derivation.layer.outputs:
        values[f"d{tensor.name}"] = np.random.default_rng(1).standard_normal(outputs[tensor.name].shape)
    implementation = from_functions(row.forward, row.backward, derivation.layer)
    trial = Trial(implementation, derivation, format_of("float64"), case.layer, values)
    _ = trial.has_kinks, trial.truth if trial.has_kinks else None  # what the equations say is no part of this witness

    def run() -> int:
        witnesses = Witnesses(trial, ("differences",), np.random.default_rng(2), every_entry=True)
        found = [witnesses.differences(f"d{name}") for name in inputs]
        return sum(int(np.isfinite(testimony.error).sum()) for testimony in found)

    return run


def their_run(torch, case: Case, inputs: Inputs) -> Callable[[], bool]:
    tensors = [torch.from_numpy(value.copy()).requires_grad_() for value in inputs.values()]
    return lambda: torch.autograd.gradcheck(lambda *given: case.torch_forward(torch, *given), tensors, fast_mode=False)


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    try:
        import torch
    except ImportError:
        print("torch is not installed: nothing to compare with")
        return
    torch.set_num_threads(1)
    print(f"NumPy {np.__version__}, torch {torch.__version__}, medians of {PAIRS} pairs")
    rng = np.random.default_rng(0)
    for name, case in CASES.items():
        inputs = {tensor: 0.7 * rng.standard_normal(shape) for tensor, shape in case.shapes.items()}
        ours, theirs = our_run(case, inputs), their_run(torch, case, inputs)
        coordinates = sum(value.size for value in inputs.values())
        if not theirs() or ours() != coordinates:
            raise SystemExit(f"{name}: not every coordinate was settled")
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS)]
        low, middle, high = statistics.quantiles([b / a for a, b in pairs], n=4)
        mine, other = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
        times = f"{mine:7.2f} ms  gradcheck {other:7.2f} ms  {middle:5.1f} times faster  ({low:.1f} to {high:.1f})"
        print(f"{name:26} {coordinates:4} coordinates  {times}")


if __name__ == "__main__":
    main()
