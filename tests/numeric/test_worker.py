"""A process that is asked, and answers: how long one looks on before one sleeps."""

import os
from struct import Struct

import pytest

from numeric import worker
from numeric.worker import AVAILABLE, Worker

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no workers on this system")


class Doubler(Worker):
    ASKED, TOLD = Struct("q"), Struct("q")

    def answer(self, number):
        self.tell(2 * number)


@pytest.fixture
def doubler():
    found = Doubler()
    found.fork()
    yield found
    found.close()


def test_who_is_asked_answers(doubler):
    doubler.ask(21)
    assert doubler.hear() == (42,)


def looks_of(doubler, monkeypatch, early):
    """How often the pipe is looked at for one answer, which is there after so many looks, or after a sleep."""
    looks, read = [], os.read

    def look(inlet, size):
        looks.append(inlet)
        if len(looks) == early:
            return doubler.TOLD.pack(1)
        raise BlockingIOError

    def sleep(*_):
        monkeypatch.setattr(os, "read", lambda inlet, size: doubler.TOLD.pack(1))

    monkeypatch.setattr(os, "read", look)
    monkeypatch.setattr(worker.select, "select", sleep)
    assert doubler.hear() == (1,)
    monkeypatch.setattr(os, "read", read)
    return len(looks)


def test_after_many_waits_in_vain_they_are_short_but_for_one_in_so_many(doubler, monkeypatch):
    often, seldom, many = worker._LOOKS, worker._FEW_LOOKS, worker._MANY
    found = [looks_of(doubler, monkeypatch, None) for _ in range(2 * many + 2)]
    assert found == [often] * (many + 1) + [seldom] * (many - 1) + [often, seldom]


def test_after_a_wait_that_was_long_enough_they_are_long_again(doubler, monkeypatch):
    often, many = worker._LOOKS, worker._MANY
    for _ in range(2 * many):
        looks_of(doubler, monkeypatch, None)
    assert looks_of(doubler, monkeypatch, 20) == 20
    assert looks_of(doubler, monkeypatch, None) == often
