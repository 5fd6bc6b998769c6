"""What browsers, systems and platforms make of a file's name, undone by one table.

Sources: Chromium `base/files/file_util.cc` (GetUniquePath), Firefox `DownloadPaths.sys.mjs`,
Nautilus `nautilus-file-operations.c`, jupyter_server `increment_filename`, Canvas `attachment.rb`
(make_unique_filename), Syncthing and Nextcloud on conflicts; the others as seen on the systems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import Literal, NamedTuple
from urllib.parse import unquote

Kind = Literal[
    "notebook",
    "python",
    "text",
    "zip",
    "archive",
    "document",
    "picture",
    "backup",
    "unfinished",
    "other",
]

# What systems, editors and tools leave beside the work: no work, and no students.
NOISE = frozenset(
    "__macosx @eadir #recycle $recycle.bin lost+found thumbs.db ehthumbs.db desktop.ini "
    "__pycache__ node_modules site-packages venv".split()
) | {"system volume information"}

LONGEST = 255  # as file systems have it; a zip may hold names of 65,535
MOST_PARTS = 10  # that are dropped from a name; 5 are the most that was ever seen
COPY = "copy|copie|copia|cópia|kopie|kopia|kopi|kopio|копия|副本|复件|拷贝|複製|複本|コピー|복사본"
OWN_WORDS = (
    r"final|finished|done|new|latest|fixed|corrected|updated?|v\d+|rev\d*|submission|submitted|"
    "solutions?|solved|answers?|homework|hw|assignment|最终版?|终版|完成版?|修改版?|答案|作业|提交"
)

# A run of signs, sought where it begins alone: from each of its signs on, a name of 250 would be
# searched 30,000 times, and somebody may hand in 10,000 such files.
RUN, LINKS, WIDE = (rf"(?<![{signs}])[{signs}]" for signs in (r"\s_+-", r"\s_.-", r"\s._+-"))

# What is put around a name, dropped for as long as something of it is left: a pattern, and whose.
COPIES = [
    (RUN + r"*[(\[]\s*\d{1,4}\s*[)\]]$", "Chrome, Edge `x (1)`; Firefox, WeChat `x(1)`; `x[1]`"),
    (
        RUN + rf"*\(?(?:(?:another|\d{{1,4}}(?:st|nd|rd|th))\s+)?[的の]?(?:{COPY})\s*\d*\)?$",
        "Explorer `x - Copy`, `x副本`; Finder `x copy 2`; Jupyter `x-Copy1`; Nautilus `x (copy)`",
    ),
    (rf"^(?:{COPY})\s*(?:\(\d+\)\s*)?(?:of|von|van|de|di|av|af)\s+", "Drive, Colab `Copy of x`"),
    (r"^(?:复件|副本|拷贝|複製)\s*(?:\(\d+\))?[\s_-]*", "Explorer, once: `复件 x`, `复件 (2) x`"),
    (RUN + r"*\([^()]*(?:conflict|冲突)[^()]*\)$", "Dropbox, Nextcloud `x (conflicted copy …)`"),
    (r"[._](?:sync-)?conflict-[\w-]+$", "Syncthing, Nextcloud `x.sync-conflict-…`"),
    (r"-checkpoint$", "Jupyter"),
]
VERSIONS = [
    (WIDE + r"*\d{1,3}_*$", "Finder, OneDrive `x 2`; Safari, Canvas `x-1`; `x_1_`; wget `x.py.1`"),
    (
        LINKS + r"+\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[t\s_-]*\d{2}[-_:.h]?\d{2}(?:[-_:.]?\d{2})?)?$",
        "a date, with or without a time",
    ),
    (LINKS + rf"+(?:{OWN_WORDS})$", "people `x_final_v2`"),
    (r"^\d+[\s._-]+", "people `03 x`, `2026123_x`"),
    (WIDE + r"+$|^[\s._+-]+", "what is left between the parts"),
]
A_COPY, A_NAME = (
    re.compile("|".join(pattern for pattern, _whose in rows), re.IGNORECASE)
    for rows in (COPIES, [*COPIES, *VERSIONS])
)
COPY_OF = re.compile(rf"(?:^|\s)(?:{COPY})\s+(?:of|von|van|de|di|av|af)(?:\s|$)", re.IGNORECASE)
UPLOADED_AGAIN = re.compile(r"-\d{1,3}$")  # Canvas: attachment.rb, make_unique_filename

# What a file is, by how its name ends. A "text" is what stands before it: x.py.txt, x.ipynb.json.
KINDS: dict[Kind, str] = {
    "notebook": "ipynb",
    "python": "py pyw py3",
    "text": "txt json",
    "zip": "zip",
    "archive": "rar 7z tar tgz gz bz2 tbz2 xz txz zst zipx",
    "document": "pdf doc docx odt rtf pages htm html mhtml gdoc",
    "picture": "png jpg jpeg heic heif webp gif bmp tif tiff",
    "backup": "bak orig old save swp swo tmp",
    "unfinished": "crdownload part partial download opdownload downloading",
}
KIND_OF = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
SUFFIX = re.compile(rf"\.\s?({'|'.join(KIND_OF)})$")


class Name(NamedTuple):
    """A file's name, read: what it may have been called, the likeliest first, and what it is."""

    stems: tuple[str, ...]
    kind: Kind

    def of(self, names: Mapping[str, str]) -> str:
        """The first of these names, by their keys (see `key`), that it may have been; or ""."""
        return next((names[stem] for stem in self.stems if stem in names), "")


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name is a system's or a tool's: hidden ones are, too."""
    return name.startswith((".", "~$")) or name.casefold().strip() in NOISE


def key(name: str) -> str:
    """A name without what people and systems do not tell apart: case, width and separators."""
    return re.sub(r"[\W_]+", "", _plain(name))


def plain(name: str) -> tuple[str, str]:
    """A file's stem and suffix without what copying adds: attention and .py of `attention (1).py`.

    Letters stay as they are: what is left may be the name of a person.
    """
    path = PurePosixPath(unicodedata.normalize("NFC", name))
    if path.name.lower().endswith((".py.txt", ".ipynb.txt")):
        path = PurePosixPath(path.stem)  # Windows and browsers hide or add the second suffix
    stem, before = path.stem.strip(), ""
    while stem != before:
        before, stem = stem, A_COPY.sub("", stem).strip() or stem
    return stem, path.suffix.lower()


def read_name(name: str) -> Name:
    """Undo what was done to a name, one thing after another, from the outside in."""
    if len(name) > LONGEST or len(text := _plain(name)) > LONGEST:  # one letter may become 18
        return Name((), "other")
    stems: dict[str, None] = {}
    kinds: list[Kind] = []
    for stem, kind in islice(_peeled(text), MOST_PARTS):
        if kind:
            kinds.append(kind)
        else:
            stems[key(stem)] = None
    told = [kind for kind in kinds if kind != "text"]
    found: Kind = told[0] if told else "text" if kinds or "." not in name else "other"
    return Name(tuple(stems), found)


def _peeled(name: str) -> Iterator[tuple[str, Kind | None]]:
    """What is left of a name, step by step: each with the kind of the suffix that went, if any."""
    while True:
        if name.endswith("~"):
            name = name[:-1]
            yield name, "backup"
        elif found := SUFFIX.search(name):
            name = name[: found.start()]
            yield name, KIND_OF[found[1]]
        else:
            yield name, None
            shorter = A_NAME.sub("", name, count=1)
            if shorter == name or not key(shorter):
                return
            name = shorter


def _plain(name: str) -> str:
    """A name in small letters of the usual width, without escapes, quotes and unseen signs."""
    text = unicodedata.normalize("NFKC", unquote(name)).casefold()
    seen = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Pi", "Pf", "Cs"))
    return re.sub(r"\s+", " ", re.sub(r"[\"'「」『』]", "", seen)).strip()
