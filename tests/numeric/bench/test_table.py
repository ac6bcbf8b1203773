from rich.console import Console

from numeric.bench.rounds import Comparison, Entrant, Outcome
from numeric.bench.table import memory, table

OURS, OTHER, BOOK = Entrant("backproof", 2), Entrant("torch", 1, "channels_last"), Entrant("book")


def shown(outcome, width=80):
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(table(outcome))
        console.print(memory(outcome, bytes_needed=200_000_000))
    return capture.get()


def test_seconds_ratios_quartiles_aims_and_memory_are_shown():
    comparison = Comparison("an epoch", "mlp", (OURS, OTHER), aim=0.65)
    text = shown(Outcome(comparison, {OURS: [1.0, 2.0, 3.0, 4.0], OTHER: [4.0, 4.0, 4.0, 4.0]}, bytes=250_000_000))
    assert "torch, 1 thread, channels last" in text
    assert "0.625 (0.312 to 0.938)" in text
    assert "0.65" in text
    assert "at most 250 MB beyond its imports, 1.25 of data" in text


def test_who_is_missing_says_why_and_there_is_no_ratio():
    comparison = Comparison("an epoch", "nielsen", (OURS, BOOK), aim=1 / 15)
    text = shown(Outcome(comparison, {OURS: [1.0], BOOK: []}, 1, {BOOK: "did not arrive in 20 epochs"}))
    assert "book, 1 thread: did not arrive in 20" in text
    assert "0.0667" in text


def test_three_rounds_have_a_median_and_no_quartiles():
    comparison = Comparison("a race", "cnn-99", (OURS, OTHER), aim=1.0, until=0.99)
    text = shown(Outcome(comparison, {OURS: [1.0, 2.0, 3.0], OTHER: [2.0, 2.0, 2.0]}, 1))
    assert "1.000" in text
    assert " to " not in text
