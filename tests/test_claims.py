"""Nothing hidden that is not said: what a hidden test catches, a student can read somewhere."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, UNITS

SHARED = ROOT / "course" / "shared" / "claims.toml"


def claims(path: Path) -> Iterator[tuple[str, str]]:
    """Each test of a file, and each mistake that its docstring says it catches."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            told = " ".join((ast.get_docstring(node) or "").partition("Catches:")[2].split())
            for claim in re.split(r"[,;] (?![^(]*\))|\.$", told.partition(". ")[0]):
                if claim:
                    yield node.name, claim


def hidden(unit: str) -> Path:
    return ROOT / "course" / "units" / unit / "hidden"


def said(unit: str) -> str:
    """What a student of a unit reads, in one line."""
    lesson = ROOT / "course" / "units" / unit / "lesson.en.md"
    texts = [path.read_text("utf-8") for path in (ROOT / "exercises" / f"{unit}.py", lesson)]
    return " ".join(" ".join(texts).split())


def public(unit: str) -> dict[str, str]:
    """The docstrings of a unit's public tests, by name."""
    tree = ast.parse((ROOT / "exercises" / f"test_{unit}.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {f.name: " ".join((ast.get_docstring(f) or "").split()) for f in functions}


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_hidden_test_catches_is_said_and_a_public_test_looks_for_it(unit: str) -> None:
    """By hidden/claims.toml and a table of all units: a sentence, and a test or why there is none.

    An entry is for the claims that its pattern fits; `public` fits the docstring of a public test.
    """
    tables = [hidden(unit) / "claims.toml", SHARED]
    entries = [e for t in tables if t.is_file() for e in tomllib.loads(t.read_text())["claim"]]
    text, tests = said(unit), public(unit)
    gaps = []
    for test, claim in claims(hidden(unit) / f"test_{unit}.py"):
        entry = next((e for e in entries if re.search(e["catches"], claim)), None)
        if entry is None:
            gaps.append(f"{test}: nothing is said of: {claim}")
            continue
        if not any(sentence in text for sentence in entry["said"]):
            gaps.append(f"{test}: no student reads {entry['said']}, of: {claim}")
        looked = any(re.search(entry.get("public", "$^"), told) for told in tests.values())
        if not looked and not entry.get("why"):
            gaps.append(f"{test}: no public test looks for it, and no reason is given: {claim}")
    assert not gaps, "\n".join(gaps)
