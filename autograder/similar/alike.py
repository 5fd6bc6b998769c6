"""Which programs are alike: how many runs of tokens they share, as pygments reads them.

Names, strings, comments and layout do not count, nor does the order of functions, nor what the
starter has. Nothing is run. docs/adr/0023 tells why it is not compare50 that does it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Name, String, Text

from autograder.reports.pages.similar import Pair, Part

RUN = 10  # tokens: shorter ones are found in programs of anybody
LEAST = 0.5  # of the shorter program's runs; docs/marks.md has what independent ones come to
TELLING = 28  # runs: of a function with fewer, right programs are alike by chance
ANY_NAME = {Name, Name.Function, Name.Class, Name.Attribute, Name.Variable, Name.Namespace}
NOTHING = (Comment, Text, String.Doc)  # white space is text


class Token(NamedTuple):
    """What counts of a token, and where it stands in the text."""

    sign: str
    begin: int
    end: int


class Program:
    """What somebody has for a unit. archived: whether it is only there to be compared with."""

    def __init__(self, who: str, text: str, *, archived: bool = False) -> None:
        self.who, self.text, self.archived = who, text, archived

    @cached_property
    def runs(self) -> list[int]:
        """A number for each run of tokens, by where it begins."""
        signs = [token.sign for token in _tokens(self.text)]
        return [hash(tuple(signs[i : i + RUN])) for i in range(len(signs) - RUN + 1)]

    def marked(self, shared: set[int]) -> list[Part]:
        """The text in parts, those that are shared marked."""
        inside, tokens = bytearray(len(self.text)), [*_tokens(self.text)]
        for begin, run in enumerate(self.runs):
            if run in shared:
                at, end = tokens[begin].begin, tokens[begin + RUN - 1].end
                inside[at:end] = b"\1" * (end - at)
        parts, at = [], 0
        for is_shared, group in itertools.groupby(inside):
            size = len(list(group))
            parts.append(Part(self.text[at : at + size], bool(is_shared)))
            at += size
        return parts


class Alike(NamedTuple):
    """Two programs of a unit, each with its runs. share: of the shorter one's, those of both."""

    unit: str
    share: float
    one: Program
    other: Program
    runs: tuple[set[int], set[int]]

    def pair(self, *, marked: bool) -> Pair:
        """The same for a page; marked: with the programs, and what they share marked."""
        shared = self.runs[0] & self.runs[1]
        parts = [p.marked(shared) if marked else [] for p in (self.one, self.other)]
        return Pair(self.unit, self.share, self.one.who, self.other.who, *parts)


def pairs(
    unit: str, programs: Sequence[Program], starter: Program, least: float = LEAST
) -> Iterator[Alike]:
    """The pairs of a unit's programs of which the shorter shares so much with the other.

    Of two that are archived nobody asks.
    """
    own = [(program, own_runs(program, starter)) for program in programs]
    for (a, mine), (b, theirs) in itertools.combinations(own, 2):
        if (a.archived and b.archived) or len(shared := mine & theirs) < TELLING:
            continue
        share = len(shared) / min(len(mine), len(theirs))
        if share >= least:
            yield Alike(unit, share, a, b, (mine, theirs))


def own_runs(program: Program, starter: Program) -> set[int]:
    """The runs of a program that its starter has not."""
    return set(program.runs) - set(starter.runs)


def _tokens(text: str) -> Iterator[Token]:
    in_string = False  # which is many tokens
    for begin, kind, word in PythonLexer().get_tokens_unprocessed(text):
        if any(kind in nothing for nothing in NOTHING):
            continue
        is_string = kind in String
        if not (is_string and in_string):
            sign = "string" if is_string else "name" if kind in ANY_NAME else word
            yield Token(sign, begin, begin + len(word))
        in_string = is_string
