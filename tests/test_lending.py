"""What is kept warm: lent to one at a time, made when it is needed, and ended."""

from __future__ import annotations

import threading

import pytest
from machine import patience

from autograder.core.errors import GraderError
from autograder.core.lending import Lender


class Dear:
    """Something that knows whether it was ended."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def close(self) -> None:
        assert not self.ended.is_set(), "ended twice"
        self.ended.set()


def test_another_is_made_only_while_all_are_lent() -> None:
    lender = Lender(Dear)
    with lender.borrow() as first, lender.borrow() as second:
        assert first is not second
    with lender.borrow() as third, lender.borrow() as fourth:
        assert {third, fourth} == {first, second}
    assert not first.ended.is_set()


def test_all_end_and_none_is_made_any_more() -> None:
    """After Ctrl-C threads may still ask: a tester that is started then would be left behind."""
    lender = Lender(Dear)
    with lender.borrow() as first, lender.borrow() as second:
        lender.close()
        assert first.ended.is_set() and second.ended.is_set()
    with pytest.raises(GraderError), lender.borrow():
        pass


def test_what_is_idle_ends_and_what_is_lent_does_not() -> None:
    lender = Lender(Dear, idle_seconds=0.0)
    with lender.borrow() as kept:
        with lender.borrow() as idle:
            pass
        assert idle.ended.wait(patience(10))
        assert not kept.ended.is_set()
    assert kept.ended.wait(patience(10))
    with lender.borrow() as fresh:
        assert fresh not in (kept, idle)
        lender.close()
