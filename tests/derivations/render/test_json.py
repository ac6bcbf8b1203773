"""The record of a derivation is JSON, whole, and its texts can be read again."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from derivations import LAYERS, derive
from derivations.render.json import as_json


@given(st.sampled_from(sorted(LAYERS)))
@settings(max_examples=6)
def test_a_record_is_whole(name):
    derivation = derive(name)
    record = json.loads(json.dumps(as_json(derivation)))
    assert record["layer"] == name
    assert {*record} >= {"layer", "tensors", "equations", "cotangents", "steps", "claims"}
    assert [step["rule"] for step in record["steps"]] == [step.rule for step in derivation.steps]
    assert {n: e["text"] for n, e in record["cotangents"].items()} == {
        n: e.text for n, e in derivation.cotangents.items()
    }
    assert all({*step} >= {"rule", "before", "after", "because", "proof"} for step in record["steps"])
    assert [claim["text"] for claim in record["claims"]] == [claim.text for claim, _ in derivation.claims]
