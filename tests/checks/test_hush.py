"""What code prints and warns of while it is looked at does not bury the report, and is told of once."""

import sys
import warnings

import pytest

from checks.hush import hushed


def test_what_is_printed_is_left_out_and_told(capsys):
    with hushed() as noise:
        print("a shape")
        print("an error", file=sys.stderr)
        sys.stdout.buffer.write(b"bytes")
        sys.stdout.flush()
    print("after")
    assert capsys.readouterr() == ("after\n", "")
    assert str(noise) == "what the code prints is left out"


def test_every_warning_is_told_once_and_many_are_counted():
    with hushed() as noise:
        for number in range(9):
            warnings.warn(f"of\n{number % 5}", UserWarning, stacklevel=1)
    told = str(noise).splitlines()
    assert told[0].startswith("the code warns: UserWarning: of 0 (test_hush.py, line ")
    assert told[-1] == "and of 2 more"
    assert len(told) == 4


def test_where_nothing_is_printed_nothing_is_told():
    with hushed() as noise:
        pass
    assert str(noise) == ""


def test_the_streams_are_back_after_an_error():
    before = sys.stdout, sys.stderr, warnings.showwarning
    with pytest.raises(ZeroDivisionError), hushed():
        print(1 / 0)
    assert (sys.stdout, sys.stderr, warnings.showwarning) == before


def test_nobody_waits_for_an_answer():
    before = sys.stdin
    with hushed(), pytest.raises(EOFError):
        input("how many? ")
    assert sys.stdin is before
