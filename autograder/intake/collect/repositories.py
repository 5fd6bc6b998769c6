"""Students' repositories, taken as data: no checkout, hook, filter, submodule or link.

Each is cloned bare, at depth 1, within limits of time, size and memory, and its files are read from
git's own store. A repository that cannot be fetched costs its student only.

CLASSROOM_SERVER (by default https://github.com) is where owner/name is looked for; CLASSROOM_TOKEN,
if set, is the password for private ones: in git's environment, neither in a file nor on a command
line.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from autograder.core.errors import SubmissionsError
from autograder.core.files import read_regular
from autograder.core.text import printable
from autograder.intake.archives import MOST_MEMBERS
from autograder.intake.collect.download import DownloadFile, Odd, safe_parts
from autograder.intake.collect.people import Person
from autograder.intake.collect.platforms import Attempt, Handin
from autograder.intake.names import is_noise

SECONDS = 120  # for one command of git
SIZE = 256 << 20  # bytes of a repository's newest commit, packed
LISTING = 8 << 20  # bytes of a list of files
LIMITS = (
    (resource.RLIMIT_FSIZE, SIZE),
    (resource.RLIMIT_AS, 4 << 30),
    (resource.RLIMIT_CPU, SECONDS),
)
PAGES, PAGE = 100, 100
ODD: dict[str, Odd] = {"120": "link", "160": "no file"}  # by how git's modes begin
ANSWER = 16 << 20
PREFIX = re.compile(r"(?P<org>[\w.-]+)/(?P<prefix>[\w.-]+)")
# No hook; and one pack, never a file for each of millions of objects.
DATA_ONLY = ["-c", "core.hooksPath=/dev/null", "-c", "fetch.unpackLimit=1", "-c", "gc.auto=0"]


CLONE = "clone --quiet --bare --depth=1 --no-tags --single-branch --template=".split()


class Wanted(NamedTuple):
    """A repository (a URL, or owner/name), and the name to grade it under."""

    repository: str
    name: str


class _Failed(Exception):  # noqa: N818 - a reason, which ends as words in a list
    """Why a repository could not be fetched."""


def wanted(source: str) -> list[Wanted]:
    """The repositories of a list in a file, or of ORG/PREFIX on GitHub. Raises SubmissionsError."""
    path = Path(source)
    found = _in_list(path) if path.is_file() else _on_github(source)
    doubles = {one.name for one in found if [other.name for other in found].count(one.name) > 1}
    if doubles:
        raise SubmissionsError(
            f"Several repositories would be graded as {', '.join(sorted(doubles))}. Give each its "
            "own name after a space, in the list."
        )
    return found


def works(repositories: Iterable[Wanted], notes: list[str]) -> Iterator[Handin]:
    """The work in each; what cannot be fetched goes to notes. Read each before the next is made."""
    for one in repositories:
        with tempfile.TemporaryDirectory() as folder:
            try:
                yield _work(one, Path(folder))
            except _Failed as error:
                notes.append(f"{printable(one.repository)} could not be fetched. {error}")


def _in_list(path: Path) -> list[Wanted]:
    try:
        text = read_regular(path).decode("utf-8-sig", "replace")
    except OSError as error:
        raise SubmissionsError(
            f"{path} cannot be read: {error}. It is a text with a repository a line."
        ) from error
    lines = (line.split() for line in text.splitlines())
    return [
        Wanted(line[0], " ".join(line[1:]) or line[0].rpartition("/")[2].removesuffix(".git"))
        for line in lines
        if line and not line[0].startswith("#")
    ]


def _on_github(source: str) -> list[Wanted]:
    """All repositories of an organisation whose names begin with a prefix."""
    asked = PREFIX.fullmatch(source)
    if not asked:
        raise SubmissionsError(
            f"{source} is no file, and not ORG/PREFIX: an organisation on GitHub, and how the "
            "names of the assignment's repositories begin."
        )
    names = [n for page in _pages(asked["org"]) for n in page if n.startswith(asked["prefix"])]
    found = [(name, name.removeprefix(asked["prefix"]).lstrip("-_.")) for name in names]
    if not any(student for _, student in found):
        raise SubmissionsError(
            f"{asked['org']} has no repository whose name begins with {asked['prefix']}- that "
            "CLASSROOM_TOKEN may read."
        )
    return [Wanted(f"{asked['org']}/{name}", student) for name, student in found if student]


def _pages(org: str) -> Iterator[list[str]]:
    """The names of an organisation's repositories, as GitHub's REST API gives them.

    https://docs.github.com/en/rest/repos/repos#list-organization-repositories
    """
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    for number in range(1, PAGES + 1):
        page = _asked(f"{api}/orgs/{urllib.parse.quote(org)}/repos?per_page={PAGE}&page={number}")
        yield [str(one["name"]) for one in page if isinstance(one, dict) and "name" in one]
        if len(page) < PAGE:
            return


def _asked(url: str) -> list[Any]:
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.github+json"})
    if token := os.environ.get("CLASSROOM_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.loads(answer.read(ANSWER))
    except (OSError, ValueError) as error:
        raise SubmissionsError(
            f"GitHub did not list the repositories ({error}). Is the organisation's name right, "
            "and may CLASSROOM_TOKEN read it?"
        ) from error
    return page if isinstance(page, list) else []


def _work(one: Wanted, folder: Path) -> Handin:
    server = os.environ.get("CLASSROOM_SERVER", "https://github.com")
    url = one.repository if "://" in one.repository else f"{server}/{one.repository}"
    _git(*CLONE, "--", url, str(folder / "git"))
    git = f"--git-dir={folder / 'git'}"
    if not _git(git, "for-each-ref"):
        raise _Failed("It has no commit on its default branch: was nothing pushed, or to another?")
    commit, _, date = _git(git, "log", "-1", "--format=%H %cI", "HEAD").decode().partition(" ")
    facts = Person(attempt=commit, claimed=date.strip())
    person = Person(id=one.repository, name=printable(one.name))
    files = list(_files(git))
    return Handin(one.name, one.name, [person], [Attempt(files, facts=facts)])


def _files(git: str) -> Iterator[tuple[str, DownloadFile]]:
    """The plain files of the newest commit, by their paths. Raises _Failed where they are too many.

    A tree may name another many times over, and so unfold to millions.
    """
    count = 0
    for line in _git(git, "ls-tree", "-r", "-l", "-z", "HEAD").split(b"\0")[:-1]:
        about, _, name = os.fsdecode(line).partition("\t")
        mode, _, blob, size = about.split()
        parts = safe_parts(name)
        if parts is None or any(map(is_noise, parts)):
            continue
        if (count := count + 1) > MOST_MEMBERS:
            raise _Failed(f"It holds more than {MOST_MEMBERS:,} files.")
        odd, most = ODD.get(mode[:3], ""), int(size) if size.isdecimal() else 0
        yield "/".join(parts), DownloadFile(name, most, partial(_blob, git, blob, most), odd)


def _blob(git: str, blob: str, size: int) -> IO[bytes]:
    try:
        return io.BytesIO(_git(git, "cat-file", "blob", blob, most=size))
    except _Failed as error:
        raise OSError(str(error)) from error


def _git(*arguments: str, most: int = LISTING) -> bytes:
    """What git prints, at most so many bytes. Raises _Failed where it fails, or takes too much."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            ["git", *DATA_ONLY, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=os.environ | _environment(),
            start_new_session=True,
            preexec_fn=_limit,
        )
        assert process.stdout
        timer = threading.Timer(SECONDS, _end, [process])
        timer.start()
        try:
            output = process.stdout.read(most + 1)
            if len(output) > most:
                raise _Failed("It holds too much.")
            if process.wait():
                said.seek(0)
                words = printable(" ".join(said.read(LISTING).decode("utf-8", "replace").split()))
                if not words:
                    raise _Failed(f"It took over {SECONDS} s, or {SIZE >> 20} MiB.")
                raise _Failed(f"{words[-300:]} Is it the name, or what CLASSROOM_TOKEN may read?")
            return output
        finally:
            timer.cancel()
            _end(process)
            process.stdout.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git, and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _limit() -> None:
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))


def _environment() -> dict[str, str]:
    """Git's environment: it asks nobody, and has the token where there is one."""
    found = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    if token := os.environ.get("CLASSROOM_TOKEN"):
        server = os.environ.get("CLASSROOM_SERVER", "https://github.com")
        password = base64.b64encode(f"oauth2:{token}".encode()).decode()
        found["GIT_CONFIG_COUNT"] = "1"
        found["GIT_CONFIG_KEY_0"] = f"http.{server}/.extraHeader"
        found["GIT_CONFIG_VALUE_0"] = f"Authorization: Basic {password}"
    return found
