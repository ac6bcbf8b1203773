import copy

import pytest

from checks.adapters.settings import Settings


@pytest.mark.parametrize(
    ("look", "read"),
    [
        (lambda settings: settings["stride"], {"stride"}),
        (lambda settings: settings.get("pad", 3), {"pad"}),
        (lambda settings: settings.pop("pad"), {"pad"}),
        (lambda settings: settings.setdefault("pad", 3), {"pad"}),
        (lambda settings: "pad" in settings, {"pad"}),
        (lambda settings: (lambda stride, **others: stride)(**settings), {"stride", "pad"}),
        (dict, {"stride", "pad"}),
        (list, {"stride", "pad"}),
        (lambda settings: settings.keys(), {"stride", "pad"}),
        (lambda settings: settings.items(), {"stride", "pad"}),
        (lambda settings: list(settings.values()), {"stride", "pad"}),
        (copy.deepcopy, {"stride", "pad"}),
        (lambda settings: settings.update(more=1), set()),
        (len, set()),
    ],
)
def test_it_remembers_what_is_read_and_reads_like_a_dictionary(look, read):
    settings, plain = Settings({"stride": 2, "pad": 1}), {"stride": 2, "pad": 1}
    assert look(settings) == look(plain)
    assert settings.read == read
    assert dict(settings) == plain


def test_a_key_that_is_missing_is_an_error_with_a_hint():
    with pytest.raises(KeyError, match=r"^'f': say what that is in the layer \(--name f=NAME\)$"):
        Settings({"stride": 2})["f"]
    assert Settings({"stride": 2}).get("f", 7) == 7


@pytest.mark.parametrize(
    "ask",
    [
        lambda settings: settings["mode"],
        lambda settings: settings.get("mode", "test"),
        lambda settings: settings.pop("mode", "test"),
        lambda settings: settings.setdefault("mode", "test"),
        lambda settings: copy.deepcopy(settings)["mode"],
        lambda settings: "train" if "mode" in settings else "test",
    ],
)
def test_what_is_there_besides_is_found_by_who_asks_for_it_alone(ask):
    settings = Settings({"stride": 2}, {"mode": "train"})
    assert list(settings) == ["stride"]
    assert dict(settings) == {"stride": 2}
    assert ask(settings) == "train"


def test_what_is_given_counts_more_than_what_is_there_besides():
    assert Settings({"mode": 3}, {"mode": "train"})["mode"] == 3


def test_what_is_taken_out_is_gone():
    settings = Settings({"stride": 2}, {"mode": "train"})
    assert settings.pop("mode") == "train"
    assert "mode" not in settings
