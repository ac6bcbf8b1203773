"""Forward plus backward in float32 on one thread: NumPy's time over torch eager's, in one interleaved run.

    python tests/benchmarks/against_torch.py

Each pair of timings stands side by side, so that whatever else the machine does falls on both; the median of the
paired ratios is printed, with its quartiles. Where torch is not installed this says so.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy and torch are imported
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np  # noqa: E402 - the threads are counted when it is imported

from numeric.attention import causal_attention, causal_attention_backward  # noqa: E402
from numeric.normalization import layer_norm, layer_norm_backward  # noqa: E402
from numeric.recurrent import lstm, lstm_backward  # noqa: E402

PAIRS = 30
Run = Callable[[], object]


def normal(*shape: int) -> np.ndarray:
    return (0.3 * np.random.default_rng(len(shape)).standard_normal(shape)).astype(np.float32)


def leaves(torch, arrays):
    return [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]


def lstm_pair(torch, T: int, N: int, D: int, M: int) -> tuple[Run, Run]:
    x, h0, c0, Wx, Wh, b, dh = (
        normal(*shape) for shape in [(T, N, D), (N, M), (N, M), (D, 4 * M), (M, 4 * M), (4 * M,), (T, N, M)]
    )
    module = torch.nn.LSTM(D, M)
    tx, th0, tc0 = leaves(torch, [x, h0[np.newaxis], c0[np.newaxis]])
    upstream = torch.from_numpy(dh)

    def ours():
        return lstm_backward(dh, x, h0, c0, Wx, Wh, **lstm(x, h0, c0, Wx, Wh, b))

    def theirs():
        h, _ = module(tx, (th0, tc0))
        return torch.autograd.grad(h, [tx, th0, tc0, *module.parameters()], upstream)

    return ours, theirs


def attention_pair(torch, N: int, T: int, D: int) -> tuple[Run, Run]:
    Q, K, V, dO = (normal(N, T, D) for _ in range(4))
    tensors = leaves(torch, [Q, K, V])
    upstream = torch.from_numpy(dO)

    def ours():
        return causal_attention_backward(dO, Q, K, V, **causal_attention(Q, K, V))

    def theirs():
        output = torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=True)
        return torch.autograd.grad(output, tensors, upstream)

    return ours, theirs


def layer_norm_pair(torch, N: int, D: int) -> tuple[Run, Run]:
    X, gamma, beta, dY = normal(N, D), normal(D), normal(D), normal(N, D)
    tensors = leaves(torch, [X, gamma, beta])
    upstream = torch.from_numpy(dY)
    wanted = layer_norm_backward.__wrapped__.__code__.co_varnames

    def ours():
        known = {"dY": dY, "X": X, "gamma": gamma, "beta": beta, "eps": 1e-5, **layer_norm(X, gamma, beta)}
        return layer_norm_backward(**{name: value for name, value in known.items() if name in wanted[:8]})

    def theirs():
        output = torch.nn.functional.layer_norm(tensors[0], (D,), tensors[1], tensors[2])
        return torch.autograd.grad(output, tensors, upstream)

    return ours, theirs


CASES = {
    "lstm T=64 N=32 D=64 M=128": lambda torch: lstm_pair(torch, 64, 32, 64, 128),
    "lstm T=32 N=64 D=128 M=256": lambda torch: lstm_pair(torch, 32, 64, 128, 256),
    "causal attention N=16 T=128 D=64": lambda torch: attention_pair(torch, 16, 128, 64),
    "causal attention N=8 T=512 D=64": lambda torch: attention_pair(torch, 8, 512, 64),
    "layer norm N=1024 D=256": lambda torch: layer_norm_pair(torch, 1024, 256),
    "layer norm N=4096 D=768": lambda torch: layer_norm_pair(torch, 4096, 768),
}


def seconds(run: Run) -> float:
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
    for name, make in CASES.items():
        ours, theirs = make(torch)
        for _ in range(3):
            ours(), theirs()
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(PAIRS)]
        low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
        mine, other = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
        print(f"{name:34} {mine:8.2f} ms  {other:8.2f} ms  ratio {middle:.2f}  ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
