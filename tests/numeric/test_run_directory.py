import json

import numpy as np
import pytest

from numeric.checkpoint import load
from numeric.errors import InputError
from numeric.history import Epoch
from numeric.run_directory import write_run

SUMMARY = {"network": "mlp", "dataset": "digits", "seed": 3, "test_accuracy": 0.5}
HISTORY = [Epoch(1, 0.5, 0.25, 0.1, 0.01), Epoch(2, 0.4, 0.5, 0.0, 0.01)]
METADATA = {"network": "mlp", "certificate": "a digest"}
PARAMETERS = {"W1": np.ones((2, 3), np.float32)}


def test_a_run_is_a_model_a_history_and_a_summary(tmp_path):
    out = tmp_path / "deep" / "run"
    write_run(out, PARAMETERS, METADATA, HISTORY, SUMMARY)
    assert sorted(path.name for path in out.iterdir()) == ["history.jsonl", "model.safetensors", "summary.json"]
    assert json.loads((out / "summary.json").read_text()) == SUMMARY
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert set(lines[0]) == {"epoch", "loss", "validation_accuracy", "rate", "seconds", "norms", "check"}
    parameters, metadata = load(out / "model.safetensors")
    np.testing.assert_array_equal(parameters["W1"], PARAMETERS["W1"])
    assert metadata == METADATA


def test_a_file_in_the_way_gets_one_line(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write the run in .*run"):
        write_run(tmp_path / "run", PARAMETERS, METADATA, HISTORY, SUMMARY)
