"""Reports on the disk: names that are safe, files that are whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from autograder.core.errors import ResultsError
from autograder.core.files import NOT_READ, read_regular
from autograder.reports import schema
from autograder.reports.schema import SCHEMA, Brief, Report, current, decoding

# What stands beside the students' folders: of results (exports, too), of submissions; and what
# Windows takes for a device, whatever follows the first dot.
RESERVED = frozenset(
    "summary.csv changes.csv log.jsonl index.html canvas.csv moodle.csv junit.xml github "
    "gradescope gradebook.db gradebook.db-journal gradebook.db-wal gradebook.db-shm people.csv "
    "intake.toml class.json moodle_worksheet.csv feedback by-section.html by-total.html".split()
)
DEVICES = frozenset("con prn aux nul conin$ conout$".split()) | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
MOST_BYTES = 1 << 20  # of a report
MOST_READ = 512 << 20  # of one of a version before that bound
CUTS = (1000, 200, 50)  # characters of its texts that are kept, while it is larger
MOST_UNKNOWN = 20  # files of no unit that it then names
PLAIN = bytes(range(32, 127)) + b"\n"  # of JSON, what may be shown as it stands
ESCAPED = re.compile(rb"\\[^nt\"\\/]")  # and what may not
UNSAFE = '%~/\\:*?"<>|'
NAME_BYTES = 200
WRITING = ".writing-"  # how a file's name begins that is not whole yet


def path_for(results: Path, student: str, unit: str) -> Path:
    """Where a report lies: DIR/<student>/<unit>.json, the name made safe; see folders."""
    return results / folders(results, [student])[student] / f"{unit}.json"


def safe_name(student: str) -> str:
    """A student's name as a file name that every system takes; what is not safe is %-escaped.

    Two names never share one; none is hidden, reads as an option or is a name of our own.
    """
    escaped = "".join(c if c.isprintable() and c not in UNSAFE else _hex(c) for c in student)
    known = alike(escaped)
    reserved = known in RESERVED or known.partition(".")[0].rstrip() in DEVICES
    if not escaped or escaped[0] in ".-~ " or reserved:
        escaped = _hex(escaped[:1]) + escaped[1:]
    if escaped[-1:] in (".", " "):
        escaped = escaped[:-1] + _hex(escaped[-1])
    return _shortened(escaped, student)


def alike(name: str) -> str:
    """What two names share that some file system takes for one: case, width, accents' forms."""
    plain = unicodedata.normalize("NFKC", name).upper().casefold()  # I and ı: only as capitals
    return unicodedata.normalize("NFKC", plain)


def folders(results: Path, students: Sequence[str]) -> dict[str, str]:
    """The name of each student's folder of reports: no two are one, on whatever file system.

    It is safe_name's but where another is like it, in the class or in the results already; then
    every sign of it is escaped. Names that are there stay.
    """
    there = {path.name for path in results.iterdir()} if results.is_dir() else set()
    taken = {alike(name) for name in there}
    found = {}
    for student in students:
        name = safe_name(student)
        if name not in there and alike(name) in taken:
            name = _shortened(_hex(student), student)
        taken.add(alike(name))
        found[student] = name
    return found


def _shortened(escaped: str, student: str) -> str:
    if len(escaped.encode()) <= NAME_BYTES:
        return escaped
    digest = hashlib.sha256(os.fsencode(student)).hexdigest()[:24]
    return escaped.encode()[: NAME_BYTES - 25].decode(errors="ignore") + "~" + digest


def _hex(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(character))


def encode(report: Report) -> bytes:
    """The report as JSON, indented for people."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def fitted(report: Report) -> Report:
    """The report in at most MOST_BYTES: pictures go first, then facts, then the ends of texts."""
    cuts: list[Callable[[Report], Report]] = [_without_figures, _without_facts]
    cuts += [partial(_cut, most) for most in CUTS]
    for smaller in cuts:
        if len(encode(report)) <= MOST_BYTES:
            break
        report = smaller(report)
    return report


def _without_figures(report: Report) -> Report:
    return replace(report, figures={})


def _without_facts(report: Report) -> Report:
    tests = [replace(test, facts={}) for test in report.tests]
    unknown = [name[:NAME_BYTES] for name in report.unknown[:MOST_UNKNOWN]]
    return replace(report, facts={}, tests=tests, unknown=unknown)


def _cut(most: int, report: Report) -> Report:
    tests = [replace(t, message=t.message[:most], help=t.help[:most]) for t in report.tests]
    return replace(report, message=report.message[:most], tests=tests)


def read(path: Path) -> Report | None:
    """Read a report; None where there is none, or none that is whole and of this schema."""
    report = _read(path, _is_clean)
    return current(report) if report else None


def brief(path: Path) -> Brief | None:
    """Read the little of a report that says whether it is up to date; None as `read`."""
    report = _read(path, lambda json: True)  # but for what is kept of it
    return schema.brief(report) if report else None


def _read(path: Path, is_clean: Callable[[bytes], bool]) -> Report | None:
    try:
        data = read_regular(path, MOST_READ)
        with decoding(clean=is_clean(data)):
            report = msgspec.json.decode(data, type=Report)
    except NOT_READ:
        return None
    return report if report.schema == SCHEMA else None


def _is_clean(json: bytes) -> bool:
    """Whether no text of a JSON document has anything in it that `clean` would replace."""
    if len(json) > MOST_BYTES:  # not as we write them: texts are cut
        return False
    return json.translate(None, PLAIN).decode().isprintable() and not ESCAPED.search(json)


def write(path: Path, data: bytes | Iterable[bytes], *, lasting: bool = True) -> None:
    """Write a file whole or not at all; see write_all. Raises ResultsError."""
    write_all({path: data}, lasting=lasting)


def write_all(files: Mapping[Path, bytes | Iterable[bytes]], *, lasting: bool = True) -> None:
    """Write files, each whole or not at all, and given whole or in pieces. Raises ResultsError.

    lasting: whether they are on the disk on return, whatever happens to the machine. The first one
    that is flushed takes the others with it, as a journal of a file system does, so many cost
    little more than one.
    """
    written: dict[Path, str] = {}
    path = Path()
    try:
        for path, data in files.items():
            written[path] = _beside(path, data)
        for temporary in written.values() if lasting else ():
            _flush(temporary)
        for path, temporary in written.items():
            Path(temporary).replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        for temporary in written.values():
            Path(temporary).unlink(missing_ok=True)


def _beside(path: Path, data: bytes | Iterable[bytes]) -> str:
    """Write what is to become a file beside it; returns where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=WRITING)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            os.fchmod(descriptor, 0o644)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return temporary


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> ResultsError:
    """What to say of a file that cannot be written."""
    return ResultsError(
        f"{path} cannot be written: {error.strerror}. Mend that and run the same command again: "
        "what is done is kept."
    )


@contextmanager
def sole_writer(results: Path) -> Iterator[None]:
    """Hold a folder of results: nobody else grades into it meanwhile. Raises ResultsError.

    The kernel lets go of it when its holder dies. What a killed one left half-written goes.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(results / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ResultsError(f"{results} cannot be written to: {error.strerror}.") from error
    try:
        _lock(descriptor, results)
        for left in results.rglob(f"{WRITING}*"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, results: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ResultsError(
            f"Another `autograder grade` is writing to {results}. Wait until it has ended, or name "
            "another folder with --results."
        ) from None
    except OSError:
        return  # some network folders know no locks; a report is written whole all the same
