"""A run of the public tests in a process of its own: what ends it before its verdict is told."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from rich.console import Console

from autograder.core.language import Language, _, render, say

ENDED = _("No verdict: the program ended or crashed (exit status %(status)s). It was at: %(test)s")
Begins = Callable[[str], None]  # takes the name of the test that begins
Run = Callable[..., int]  # takes its arguments and a Begins; returns an exit status
LEAVE_SECONDS = 5.0


def in_own_process(run: Run, *arguments: Any, console: Console, language: Language) -> int:
    """Run something in a process of its own; return its exit status, or 1 where it gave none.

    run: a function of a module that imports little, since this process imports that too.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(theirs, run, arguments))
    process.start()
    theirs.close()
    at, status = "", None
    try:
        with contextlib.suppress(EOFError, OSError):
            while status is None:
                what, _, told = ours.recv_bytes().decode().partition(" ")
                at, status = (told, None) if what == "begins" else (at, int(told))
        process.join()
    finally:
        process.join(LEAVE_SECONDS)  # after Ctrl-C, which was for both
        process.kill()
    if status is not None:
        return status
    told = say(ENDED, status=process.exitcode, test=at)
    console.print(render(told.facts, language), style="yellow", markup=False)
    return 1


def _run(connection: Connection, run: Run, arguments: tuple[Any, ...]) -> None:
    def begins(test: str) -> None:
        connection.send_bytes(f"begins {test}".encode())

    connection.send_bytes(f"ended {run(*arguments, begins)}".encode())
