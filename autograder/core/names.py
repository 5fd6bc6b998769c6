"""What browsers, systems and platforms make of a file's name, undone."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

COPIES = re.compile(  # as Google Drive, Finder and Explorer begin and end the names of copies
    r"^(?:(?:copy of|kopie von|kopie van|copie de|copia de)\s+)+"
    r"|[\s_-]*(?:\(\d+\)|-\s*(?:copy|kopie|copie|copia)|的副本|副本)$",
    re.IGNORECASE,
)
UPLOADED_AGAIN = re.compile(r"-\d{1,3}$")  # Canvas: attachment.rb, make_unique_filename
# Files and folders of systems, editors and tools, which nobody hands in.
NOISE = frozenset(
    "__macosx @eadir .git .ds_store thumbs.db desktop.ini __pycache__ .ipynb_checkpoints "
    ".pytest_cache .venv venv node_modules site-packages .idea .vscode".split()
)


def is_noise(name: str) -> bool:
    """Whether a file or folder of this name is a system's or a tool's."""
    return name.casefold() in NOISE or name.startswith("._")


def plain(name: str) -> tuple[str, str]:
    """A file's stem and suffix as they were: attention and .py of `Copy of attention (1).py`."""
    path = PurePosixPath(unicodedata.normalize("NFC", name))
    if path.name.lower().endswith((".py.txt", ".ipynb.txt")):
        path = PurePosixPath(path.stem)  # Windows and browsers hide or add the second suffix
    stem, before = path.stem.strip(), ""
    while stem != before:
        before, stem = stem, COPIES.sub("", stem).strip()
    return stem or path.stem, path.suffix.lower()
