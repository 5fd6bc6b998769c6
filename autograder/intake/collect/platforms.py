"""What downloads look like: one table, a line a platform, and what else each of them tells.

A form is matched against the path of every file. Its groups are the student's `name` and `id`, the
`file` as they called it, or `text` where it is what they typed into the platform; and `late`,
`time` and `upload` (later ones are greater) where the platform says so there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from autograder.core.errors import SubmissionsError
from autograder.core.text import printable, several
from autograder.intake.archives import BROKEN
from autograder.intake.collect.download import Download, DownloadFile, names_in, opened
from autograder.intake.collect.people import Person
from autograder.intake.names import COPY_OF, UPLOADED_AGAIN, plain

RECEIPT = re.compile(r"\ufeff?[^:：]+[:：](?P<name>.*)\((?P<id>[^()]+)\)")  # Name: Jo (j1)
MEMBER = re.compile(r"([^;]*?)\(([^()]+)\)")  # of Sakai's members.txt: Roe, Jane(jroe); …
TYPED = "_submissionText.html"
# What Sakai writes into a folder beside the folder of what was handed in.
BESIDE = ("timestamp.txt", "members.txt", "comments.txt", "feedbackText.html")
BRACKETS = re.compile(r"^[(（\[【](.+)[)）\]】]$")  # around a whole name
PACKED = r"(?i:zip|7z|rar|tar|tgz|tar\.gz)"
SHORT = 64 << 10  # bytes that are read of a platform's own small files
METADATA = "submission_metadata.yml"  # Gradescope's
WRAPPERS = 3  # folders in folders, before a download's own
DAYS, HOURS = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y"), ("%I%M %p", "%H%M")
TIMES = ("%Y-%m-%d-%H-%M-%S", *(f"{day} {hour}" for day in DAYS for hour in HOURS))
NOTHING = Person()


@dataclass(frozen=True)
class Attempt:
    """What was handed in at once. order: texts that sort as attempts do; "" where nobody knows."""

    files: list[tuple[str, DownloadFile]]
    order: str = ""
    facts: Person = NOTHING  # time, attempt, claimed and late
    typed: bool = False  # into the platform, and no file beside it


@dataclass(frozen=True)
class Handin:
    """All attempts of a person or group, the last one last. key: whose it is, on this platform."""

    key: str
    label: str  # what its folder is called, if that is free
    people: list[Person]
    attempts: list[Attempt]


Groups = Mapping[str, str | None]
Finish = Callable[[list[Handin], Download, Collection[str]], list[Handin]]


class Platform(NamedTuple):
    """A line of the table."""

    name: str
    form: re.Pattern[str]
    example: str
    mark: str = ""  # a name at the top that no other download has, and this one always
    own: str = ""  # a file of the platform's, which is nobody's work
    groups: Callable[[re.Match[str], Collection[str]], Groups | None] = lambda m, _: m.groupdict()
    finish: Finish = lambda works, _, __: works


@dataclass
class ClassWork:
    """What a download holds: the platform, the work, and files that are nobody's."""

    platform: str
    works: list[Handin]
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def _whose(match: re.Match[str], units: Collection[str]) -> Groups | None:
    """Of a file on a drive: the person that its name tells beside the unit's."""
    stem, suffix = plain(match["file"])
    for unit in sorted(units, key=len, reverse=True):  # attention is part of self_attention
        spelled = rf"(?<![^\W_]){unit.replace('_', '[ _-]?')}(?![^\W_])"
        rest, found = re.subn(spelled, "", stem, count=1, flags=re.IGNORECASE)
        if found:
            name = COPY_OF.sub(" ", re.sub(r"\s{2,}", " ", rest)).strip(" _-–—,.")
            name = BRACKETS.sub(r"\1", name)
            return {"name": name, "file": unit + suffix} if name else None
    return {"name": stem, "file": stem + suffix, "unsure": "yes"}


def _first_number(match: re.Match[str], _: Collection[str]) -> Groups:
    """Brightspace: its first number and the name; what the numbers count is not documented."""
    return {**match.groupdict(), "key": f"{match['id'].partition('-')[0]} {match['name']}"}


def _last_uploads(works: list[Handin], _: Download, units: Collection[str]) -> list[Handin]:
    """Canvas: of one attempt's files with one name, the one that was uploaded last."""
    return [replace(work, attempts=_one_attempt(work.attempts, units)) for work in works]


def _one_attempt(uploads: list[Attempt], units: Collection[str]) -> list[Attempt]:
    last: dict[str, DownloadFile] = {}
    earlier = []
    for upload in reversed(uploads):
        files = [(_before_canvas(name, units), content) for name, content in upload.files]
        fresh = dict(file for file in files if file[0] not in last)
        last |= fresh
        if old := [file for file in files if file[0] not in fresh]:
            earlier.append(replace(upload, files=old))
    typed = all(upload.typed for upload in uploads)
    now = replace(uploads[-1], files=list(last.items()), typed=typed)
    return [*reversed(earlier), now]


def _before_canvas(name: str, units: Collection[str]) -> str:
    """`attention.py` of `attention-1.py`: no module has such a name, but parts of work may."""
    path = PurePosixPath(name)
    stem = UPLOADED_AGAIN.sub("", path.stem)
    ours = path.suffix == ".py" or stem.casefold() in {*units, "handin"}
    return stem + path.suffix if ours and stem else name


def _receipts(works: list[Handin], download: Download, _: Collection[str]) -> list[Handin]:
    """Blackboard: the name and login in the text file of an attempt; else the file's name."""
    received = [_received(work, download.notes) for work in works]
    if len({work.key for work in received}) < len(works):
        starts = {
            work.key.removesuffix(f"_{new.key}") for work, new in zip(works, received, strict=True)
        }
        raise SubmissionsError(
            f"It holds several assignments: {several(sorted(starts))}. Collect them one by one, "
            "each with its --unit."
        )
    return received


def _received(work: Handin, notes: list[str]) -> Handin:
    person = Person(id=work.key.rpartition("_")[2])
    for name, content in work.attempts[-1].files:
        # A student may hand in a file of that name.
        if name == "typed.txt" and not content.path.endswith("_typed.txt"):
            first = _start(content, SHORT, notes).partition("\n")[0]
            receipt = RECEIPT.fullmatch(first.strip())
            if receipt and work.key.endswith("_" + receipt["id"]):
                person = Person(id=receipt["id"], name=printable(receipt["name"].strip()))
    attempts = [_numbered(attempt, number) for number, attempt in enumerate(work.attempts, 1)]
    return replace(work, key=person.id, label=person.id, people=[person], attempts=attempts)


def _numbered(attempt: Attempt, number: int) -> Attempt:
    return replace(attempt, facts=msgspec.structs.replace(attempt.facts, attempt=str(number)))


def _submitters(works: list[Handin], download: Download, _: Collection[str]) -> list[Handin]:
    """Gradescope: the people of each folder; what the same people handed in is one work."""
    if find_spec("yaml") is None:
        remedy = "pip install 'attention-autograder[instructor]'"
        raise SubmissionsError(f"{METADATA} needs PyYAML: {remedy}")
    from autograder.intake.collect import gradescope

    metadata = next(c for c in download.contents if c.path == METADATA)
    if metadata.odd:
        raise SubmissionsError(f"{METADATA} is a link or no plain file. Download it again.")
    known = gradescope.read(metadata.open, METADATA)
    found: dict[str, Handin] = {}
    for work in works:
        people, time, attempt = known.get(work.key, gradescope.Handed([], "", ""))
        if not people:
            download.notes.append(f"{work.key} is not in {METADATA}: nobody's name.")
        facts = Person(time=_when(time), attempt=attempt)
        now = replace(work.attempts[0], order=facts.time, facts=facts)
        key = " ".join(sorted(map(_known_by, people))) or work.key
        label = _label(people) or work.key
        before = found.get(key, Handin(key, label, people, []))
        attempts = sorted([*before.attempts, now], key=lambda attempt: attempt.order)
        found[key] = replace(before, attempts=attempts)
    _tell_doubles(found.values(), download)
    return list(found.values())


def _known_by(person: Person) -> str:
    """What tells a person from others: the number alone may be a slip, or somebody else's."""
    return " ".join(dict.fromkeys(filter(None, (person.id, person.email)))) or person.name


def _label(people: list[Person]) -> str:
    if len(people) < 2:
        return "_".join(filter(None, (part for p in people for part in (p.name, p.id))))
    more = f" + {len(people) - 3}" if len(people) > 3 else ""
    return " + ".join(person.name or person.id for person in people[:3]) + more


def _tell_doubles(works: Iterable[Handin], download: Download) -> None:
    """Say of a person who stands in several folders: each of them is graded."""
    places: dict[str, list[str]] = {}
    for work in works:
        for person in work.people:
            places.setdefault(person.id or person.name, []).append(work.label)
    for name, labels in places.items():
        if name and len(labels) > 1:
            download.notes.append(f"{name} is in several submissions: {', '.join(labels)}.")


def _namesakes(works: list[Handin], download: Download, _: Collection[str]) -> list[Handin]:
    """Brightspace: two of one name with other numbers stay two, and are told."""
    by_name: dict[str, list[str]] = {}
    for work in works:
        by_name.setdefault(work.people[0].name, []).append(work.people[0].id)
    download.notes += [
        f"{name} stands there with several numbers ({', '.join(ids)}): one person, or namesakes?"
        for name, ids in by_name.items()
        if len(ids) > 1
    ]
    return [
        replace(work, attempts=[_numbered(a, n) for n, a in enumerate(work.attempts, 1)])
        for work in works
    ]


def _timestamps(works: list[Handin], download: Download, _: Collection[str]) -> list[Handin]:
    """nbgrader: timestamp.txt, which `nbgrader submit` writes as the student."""
    notes = download.notes
    return [replace(work, attempts=[_stamped(a, notes) for a in work.attempts]) for work in works]


def _stamped(attempt: Attempt, notes: list[str]) -> Attempt:
    stamps = [
        printable(_start(content, 100, notes).strip())
        for name, content in attempt.files
        if name.endswith("/timestamp.txt")
    ]
    return replace(attempt, facts=Person(claimed=max(stamps, default="")))


def _named_by_sakai(match: re.Match[str], _: Collection[str]) -> Groups | None:
    """Sakai: a person, by name and login, or a group, by name and number; feedback is nobody's."""
    groups = match.groupdict()
    if groups["folder"] == "Feedback Attachment(s)":
        return None
    if groups["folder"] is None and match["file"].endswith(TYPED):
        groups["file"], groups["text"] = None, "html"
    sure = "," in match["name"] or re.fullmatch(r"[0-9a-f-]{36}", match["id"])
    return groups if sure else {**groups, "unsure": "yes"}


def _beside(works: list[Handin], download: Download, _: Collection[str]) -> list[Handin]:
    """Sakai: the time, and a group's people, of the files that it writes beside the work."""
    return [_without_beside(work, download.notes) for work in works]


def _without_beside(work: Handin, notes: list[str]) -> Handin:
    [attempt] = work.attempts
    files, beside = [], dict.fromkeys(BESIDE, "")
    for name, content in attempt.files:
        if name not in BESIDE or content.path.count("/") != 1 or content.odd:
            files.append((name, content))
            continue
        beside[name] = html.unescape(_start(content, SHORT, notes).strip())
    members = [(n.strip(), i) for n, i in MEMBER.findall(beside["members.txt"])]
    people = [Person(name=printable(name), id=printable(who)) for name, who in members]
    typed = bool(files) and all(name.startswith("typed.") for name, _ in files)
    time = _when(beside["timestamp.txt"])
    now = replace(attempt, files=files, order=time, facts=Person(time=time), typed=typed)
    label = work.people[0].name if people else work.label
    return replace(work, label=label, people=people or work.people, attempts=[now])


def _start(content: DownloadFile, most: int, notes: list[str]) -> str:
    """How a small file begins; nothing where it cannot be read, which is noted."""
    if content.odd:
        return ""
    try:
        with content.open() as file:
            return file.read(most).decode("utf-8", "replace")
    except BROKEN as error:
        notes.append(f"{printable(content.path)} cannot be read: {error}.")
        return ""


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.DOTALL)


PLATFORMS = (
    # github.com/instructure/canvas-lms, lib/content_zipper.rb: get_filename, add_upload_submission
    # and add_text_or_url. Re-uploads take the first two parts that are digits, and so do we.
    Platform(
        "canvas",
        _form(
            r"(?:(?P<name>[^/]+?)_)??(?:(?P<late>LATE)_)?(?P<id>\d+|anon_[^\W_]+)_",
            r"(?:(?P<upload>\d+)_(?P<file>[^/]+)|(?P<text>text|link)\.html)",
        ),
        "roejane_LATE_12345_678901_task.py",
        finish=_last_uploads,
    ),
    # github.com/moodle/moodle, mod/assign/classes/downloader.php; before Moodle 4.1 locallib.php,
    # where a folder's name ended in "_". In folders or flat. A team's number is its group's.
    Platform(
        "moodle",
        _form(
            r"(?P<name>[^/]+?)_(?:(?P<id>\d+)_)?assignsubmission_(?:file|(?P<text>[a-z]+))",
            r"(?:_?/|_)(?P<file>.+)",
        ),
        "Jane Roe_4711_assignsubmission_file/task.py",
    ),
    # Blackboard Original: github.com/kwurst/bb-file-cleanup and the example of jupyter/nbgrader's
    # plugins/zipcollect.py. "attempt" is written in the site's language. The first time is the
    # platform's: a student's own file may be called like a download of somebody else's.
    Platform(
        "blackboard",
        _form(
            r"(?P<name>[^/]+?)_[^\W\d_]+_(?P<time>\d{4}(?:-\d\d){5})",
            r"(?:_(?P<file>[^/]+)|\.(?P<text>txt))",
        ),
        "Task_jroe1_attempt_2025-11-26-21-33-00_task.py",
        finish=_receipts,
    ),
    # Brightspace: from scripts that instructors publish; D2L's documentation does not say it. The
    # numbers change with the assignment.
    Platform(
        "brightspace",
        _form(r"(?P<id>\d+-\d+) - (?P<name>[^/]+) - (?P<time>[^/]*\d{3,4}[^/]*)/(?P<file>.+)"),
        "123456-789012 - Jane Roe - Nov 26, 2025 933 PM/task.py",
        own="index.html",
        groups=_first_number,
        finish=_namesakes,
    ),
    # github.com/sakaiproject/sakai, assignment/impl, AssignmentServiceImpl.java: zipSubmissions and
    # zipGroupSubmissions; in folders or flat. What was handed in lies in a folder whose name is in
    # the site's language.
    Platform(
        "sakai",
        _form(
            r"(?P<name>[^/]+?) ?\((?P<id>[^()/]+)\)",
            r"(?:/(?P<folder>[^/]+)/|/|_Submission attachment\(s\)_)(?P<file>.+)",
        ),
        "Roe, Jane(jroe)/Submission attachment(s)/task.py",
        own="grades.csv",
        groups=_named_by_sakai,
        finish=_beside,
    ),
    # Gradescope, "Export submissions": submission_metadata.yml says whose each folder is. Its keys
    # are as published programs read them.
    Platform(
        "gradescope",
        _form(r"(?P<id>submission_[^/]+)/(?P<file>.+)"),
        "submission_1234/task.py, and submission_metadata.yml",
        mark=METADATA,
        own=METADATA,
        finish=_submitters,
    ),
    # github.com/jupyter/nbgrader, docs "Directory structure": {step}/{student_id}/{assignment_id}.
    Platform(
        "nbgrader",
        _form(r"submitted/(?P<id>[^/]+)/(?P<file>.+)"),
        "submitted/jroe/task/task.ipynb",
        mark="submitted/",
        finish=_timestamps,
    ),
    # One zip a student: what mail, messengers and shared folders give. Browsers add the "(1)". Who
    # packs in another way has handed in, too, though it stays packed.
    Platform(
        "zips",
        _form(r"(?P<file>(?P<name>[^/]+?)(?: ?\((?P<upload>\d+)\))?\.", PACKED, ")"),
        "Jane Roe.zip",
    ),
    # Google Drive: names are people's own habit, and no platform's rule.
    Platform(
        "drive",
        _form(r"(?P<file>[^/]+\.(?:py|ipynb)(?:\.txt)?)"),
        "Copy of task - Jane Roe.ipynb",
        groups=_whose,
    ),
    # One folder a student, as `grade` takes it: only where it is asked for (no name is "/").
    Platform("folders", _form(r"(?P<name>[^/]+)/(?P<file>.+)"), "Jane Roe/task.py", mark="/"),
)
NAMES = tuple(platform.name for platform in PLATFORMS)
HABITS = ("zips", "drive")  # forms that other folders may have by chance


def recognise(path: Path, units: Collection[str] = ()) -> str | None:
    """The platform that made a download, a folder or zip; None where it is none that we know.

    Of a folder only names are looked at, so that a class's own folder costs nothing. units: the
    course's. Raises SubmissionsError where the download cannot be read.
    """
    if not path.is_dir():
        with opened(path) as download:
            found = _found(download, units)
        return found[0].name if found else None
    for depth in range(WRAPPERS):
        top = names_in(path)
        best = _best(top, units)
        if best and not (depth and best.name in HABITS):
            return best.name
        if len(top) != 1 or not (folder := next(iter(top))).endswith("/"):
            return None
        path = path / folder
    return None


def read(download: Download, units: Collection[str], asked: str | None, shown: str) -> ClassWork:
    """The work in a download. asked: the platform, where somebody said. Raises SubmissionsError."""
    if asked is None:
        found = _found(download, units)
        if found is None:
            raise SubmissionsError(_unrecognised(download, shown))
        return _read(*found, units)
    platform = next(platform for platform in PLATFORMS if platform.name == asked)
    inner = _unwrapped(download, lambda inner: _has(platform, inner))
    if platform.name == "gradescope" and platform.mark not in inner.top:
        raise SubmissionsError(f"{shown} holds no {platform.mark}, which says whose each is.")
    return _read(platform, inner, units)


def _has(platform: Platform, download: Download) -> bool:
    """Whether anything in a download has the form that was asked for."""
    if platform.name != "folders":
        return any(platform.form.fullmatch(content.path) for content in download.contents)
    return any(content.path.count("/") == 1 for content in download.contents)


def _found(download: Download, units: Collection[str]) -> tuple[Platform, Download] | None:
    """The platform whose form most of the names at the top have, there or in a lone folder."""
    inner = _unwrapped(download, lambda inner: _best(inner.top, units) is not None)
    best = _best(inner.top, units)
    return (best, inner) if best else None


def _unwrapped(download: Download, fits: Callable[[Download], bool]) -> Download:
    """The download, or what is in its only folder, and in that one's, until it fits."""
    inner = download
    for _ in range(WRAPPERS):
        top = inner.top
        if fits(inner) or len(top) != 1 or not (folder := next(iter(top))).endswith("/"):
            break
        inner = inner.below(folder[:-1])
    return inner


def _best(top: set[str], units: Collection[str]) -> Platform | None:
    shares = {platform: _share(platform, top, units) for platform in PLATFORMS}
    best = max(shares, key=lambda platform: shares[platform])
    return best if shares[best] >= 0.5 else None


def _share(platform: Platform, top: set[str], units: Collection[str]) -> float:
    """How much of what lies at the top of a download has a platform's form."""
    if platform.mark:
        return float(platform.mark in top)
    names = [name + "x" if name.endswith("/") else name for name in top if name != platform.own]
    matches = (platform.form.fullmatch(name) for name in names)
    groups = [platform.groups(match, units) for match in matches if match]
    return sum(g is not None and "unsure" not in g for g in groups) / max(len(names), 1)


def _unrecognised(download: Download, shown: str) -> str:
    seen = several(sorted(download.top)) or "no files"
    forms = "\n".join(f"  {p.name:12}{p.example}" for p in PLATFORMS)
    return (
        f"{shown} is no download that is recognised. It holds {seen}. Known are:\n"
        f"{forms}\nIf it is one of these, say which: --from NAME."
    )


def _read(platform: Platform, download: Download, units: Collection[str]) -> ClassWork:
    found = ClassWork(platform.name, [], notes=download.notes)
    matched: dict[str, list[tuple[Groups, DownloadFile]]] = {}
    for content in download.contents:
        match = platform.form.fullmatch(content.path)
        groups = platform.groups(match, units) if match else None
        if groups is not None:
            key = groups.get("key") or groups.get("id") or groups.get("name") or ""
            matched.setdefault(printable(key), []).append((groups, content))
        elif content.path != platform.own:
            found.unknown.append(content.path)
    works = [_work(key, files) for key, files in matched.items()]
    found.works = platform.finish(works, download, units)
    return found


def _work(key: str, files: list[tuple[Groups, DownloadFile]]) -> Handin:
    by_order: dict[str, list[tuple[Groups, DownloadFile]]] = {}
    for groups, content in files:
        by_order.setdefault(_order(groups), []).append((groups, content))
    first = files[0][0]
    person = Person(id=printable(first.get("id") or ""), name=printable(first.get("name") or ""))
    attempts = [_attempt(order, by_order[order]) for order in sorted(by_order)]
    return Handin(key, _label([person]), [person], attempts)


def _order(groups: Groups) -> str:
    upload = groups.get("upload")
    return _when(groups.get("time") or "") or (upload.zfill(20) if upload else "")


def _attempt(order: str, files: list[tuple[Groups, DownloadFile]]) -> Attempt:
    first = files[0][0]
    facts = Person(
        time=_when(first.get("time") or ""),
        attempt=first.get("upload") or "",
        late="late" if any(groups.get("late") for groups, _ in files) else "",
    )
    named = [(_file(groups, content), content) for groups, content in files]
    return Attempt(named, order, facts, all(groups.get("text") for groups, _ in files))


def _file(groups: Groups, content: DownloadFile) -> str:
    return groups.get("file") or "typed" + PurePosixPath(content.path).suffix


def _when(text: str) -> str:
    """A time as ISO 8601; as it is where it has a form that is not known."""
    spelled = re.sub(r"\b(\d{1,2}):?(\d\d)(?= [AP]M\b|$)", lambda m: m[1].zfill(2) + m[2], text)
    for form in TIMES:
        try:
            return datetime.strptime(spelled.strip(), form).isoformat()
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(re.sub(r" (?=Z$|[+-]\d\d:?\d\d$)", "", text)).isoformat()
    except ValueError:
        return printable(text.strip())
