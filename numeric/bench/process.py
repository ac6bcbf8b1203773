"""A contestant in a process of its own: `python -m numeric.bench.process TASK NAME THREADS SEED LAYOUT [DIR]`.

For every line on standard input it trains one epoch, and answers with a line of JSON: seconds, and what the test images
give afterwards, which is not timed.
"""

import json
import sys
import time

import numpy as np

from numeric.allocation import peak_memory
from numeric.bench.contestants import CONTESTANTS, TASKS
from numeric.data.datasets import load
from numeric.errors import InputError


def main(task: str, name: str, threads: str, seed: str, layout: str, data: str | None = None) -> None:
    """Answer until standard input ends."""
    before = peak_memory()
    dataset = load("mnist", data)
    layouts = {"channels_last": True} if layout == "channels_last" else {}
    epochs = CONTESTANTS[name](TASKS[task], dataset, int(threads), int(seed), **layouts)
    for _ in sys.stdin:
        start = time.perf_counter()
        try:
            read = next(epochs)
        except InputError as error:
            print(json.dumps({"trouble": str(error)}), flush=True)
            return
        seconds, peak = time.perf_counter() - start, peak_memory() - before
        accuracy = float(np.mean(read() == dataset.test_labels))
        print(json.dumps({"seconds": seconds, "accuracy": accuracy, "bytes": peak}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
