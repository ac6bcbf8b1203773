import io

from rich.console import Console

from numeric.history import Epoch
from numeric.progress import ProgressDisplay

RECORDS = [Epoch(1, 0.5, 0.9, 0.1, 1.25), Epoch(2, 0.25, 0.9512, 0.05, 1.5)]


def shown(terminal):
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80, color_system=None)
    with ProgressDisplay(console) as display:
        display.start(12)
        for record in RECORDS:
            display.batch(record.epoch / 12)
            display.epoch(record)
    return console.file.getvalue()


def test_elsewhere_than_on_a_terminal_it_is_one_plain_line_an_epoch():
    assert shown(terminal=False).splitlines() == [
        "epoch  1/12   loss 0.5000   validation 90.00%   1.25 s",
        "epoch  2/12   loss 0.2500   validation 95.12%   1.50 s",
    ]


def test_on_a_terminal_a_bar_moves_below_the_lines():
    text = shown(terminal=True)
    assert "epoch  2/12   loss 0.2500" in text
    assert "training" in text
    assert "\x1b[" in text
