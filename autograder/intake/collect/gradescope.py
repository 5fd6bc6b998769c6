"""Gradescope's submission_metadata.yml: who handed in which folder, and when.

Read as a stream of events, into texts, lists and mappings only: a file that is deep, long or odd is
refused, and nothing in it is ever made into an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

import yaml

from autograder.core.errors import SubmissionsError
from autograder.core.text import printable
from autograder.intake.archives import BROKEN
from autograder.intake.collect.people import Person

MOST_BYTES = 64 << 20
MOST_EVENTS = 5_000_000
DEEPEST = 60
Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
BEGINS = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class Handed(NamedTuple):
    """What Gradescope says of a submission. attempt: how many there were, as text."""

    people: list[Person]
    time: str
    attempt: str


def read(opens: Callable[[], IO[bytes]], called: str) -> dict[str, Handed]:
    """The submissions by the names of their folders; called: the file. Raises SubmissionsError."""
    try:
        with opens() as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(f"it is longer than {MOST_BYTES >> 20} MiB")
        found = _plain(yaml.parse(data, Loader=Loader))
    except (yaml.YAMLError, *BROKEN) as error:
        raise SubmissionsError(
            f"{called} cannot be read: {error}. Download the export again, or take `--from "
            "folders`, which knows nobody by name."
        ) from error
    if not isinstance(found, dict):
        raise SubmissionsError(f"{called} is not Gradescope's: it lists no submissions.")
    return {name: _handed(value) for name, value in found.items() if isinstance(value, dict)}


def _handed(value: dict[str, Any]) -> Handed:
    submitters, history = value.get(":submitters"), value.get(":history")
    persons = (_person(one) for one in _list(submitters) if isinstance(one, dict))
    people = [person for person in persons if person.id or person.name]
    attempt = str(len(history) + 1) if isinstance(history, list) else ""
    return Handed(people, _text(value.get(":created_at")), attempt)


def _person(submitter: dict[str, Any]) -> Person:
    name, sid, email = (_text(submitter.get(key)) for key in (":name", ":sid", ":email"))
    return Person(id=sid or email, name=name, email=email)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """A text on one line; Ruby writes `null` and `~` for nothing."""
    return printable(value.strip()) if isinstance(value, str) and value not in ("null", "~") else ""


def _plain(events: Iterator[Any]) -> Any:
    """The document as texts, lists and mappings. Raises ValueError."""
    stack: list[tuple[Any, list[Any]]] = [(None, [])]  # what has begun, and its parts so far
    anchors: dict[str, Any] = {}
    for count, event in enumerate(events):
        if count > MOST_EVENTS or len(stack) > DEEPEST:
            raise ValueError("it holds too much, or too deep")
        value: Any
        if isinstance(event, BEGINS):
            stack.append((event, []))
            continue
        if isinstance(event, ENDS):
            began, parts = stack.pop()
            value = parts if isinstance(began, BEGINS[0]) else _mapping(parts)
            event = began
        elif isinstance(event, yaml.ScalarEvent):
            value = event.value
        elif isinstance(event, yaml.AliasEvent):
            value = anchors.get(event.anchor)
        else:
            continue
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            anchors[event.anchor] = value
        stack[-1][1].append(value)
    return stack[0][1][0] if stack[0][1] else None


def _mapping(parts: list[Any]) -> dict[str, Any]:
    """Keys and values in turn; a key that is no text is of no use here."""
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return {key: value for key, value in pairs if isinstance(key, str)}
