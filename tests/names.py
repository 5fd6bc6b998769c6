"""What browsers, systems and platforms make of a file's name; `{}` is the name without its suffix.

For the tests of what is found. A row: whose names, and the names.
"""

from __future__ import annotations

MADE_BY = {
    "people": "{}.{s}|{}.{S}|{C}.{s}|{U}.{S}|{T}.{s}|{H}.{s}",
    "Chrome, Edge": "{} (1).{s}|{} (2).{s}|{} (12).{s}|{} (1) (1).{s}",
    "Firefox, WeChat, QQ": "{}(1).{s}|{}(2).{s}|{}（1）.{s}",
    "Safari": "{}-1.{s}|{}-2.{s}|{} 2.{s}|{}.{s}.txt",
    "Internet Explorer, Outlook": "{}[1].{s}|{}_1_.{s}|{} [1].{s}",
    "wget, curl": "{}.{s}.1|{}.{s}.2",
    "Finder": "{} copy.{s}|{} copy 2.{s}|{} 2.{s}|{} 副本.{s}|{}的副本.{s}|{} copie.{s}"
    "|{} Kopie.{s}|{} copy 3 (1).{s}",
    "Explorer": "{} - Copy.{s}|{} - Copy (2).{s}|Copy of {}.{s}|Copy (2) of {}.{s}|{} - 副本.{s}"
    "|{} - 副本 (2).{s}|复件 {}.{s}|复件 (2) {}.{s}|{} - Kopie.{s}|{} - Copie.{s}|{} - 複製.{s}"
    "|{} - コピー.{s}|{}.{s}.txt|{}.txt.{s}",
    "Nautilus, Dolphin": "{} (copy).{s}|{} (another copy).{s}|{} (3rd copy).{s}|{} (复件).{s}"
    "|{} (副本).{s}",
    "Google Drive, Colab": "Copy of {}.{s}|Copy of Copy of {}.{s}|“{}.{s}”的副本|{}.{s} 的副本"
    "|Kopie von {}.{s}|Copie de {}.{s}|Copia de {}.{s}",
    "Jupyter": "{}-Copy1.{s}|{}-Copy2.{s}",
    "GitHub, as raw text": "{}.{s}.txt|{}.{s}.json",
    "Dropbox, Nextcloud, Syncthing, OneDrive": "{} (Ann's conflicted copy 2026-11-26).{s}|{} 1.{s}"
    "|{} (conflicted copy 2026-11-26 101112).{s}|{}.sync-conflict-20261126-101112-ABCDEFG.{s}",
    "Canvas, Discord, servers": "{}-1.{s}|{}_1.{s}|{}%20(1).{s}|{}+(1).{s}|{}_(1).{s}",
    "dates": "{}_2026-11-26.{s}|{}-20261126.{s}|{} 2026-11-26 10.11.12.{s}",
    "people's own words": "{}_final.{s}|{}_v2.{s}|{}_final_v2 (1).{s}|{}-最终版.{s}|03_{}.{s}"
    "|2026123_{}.{s}",
    "twice, or by accident": "{}.{s}.{s}|{} .{s}|{}..{s}|{}.{s}.|{}\u200b.{s}| {}.{s}|{}.{s} ",
}


def made_of(unit: str, suffix: str) -> list[str]:
    """All names that a unit's file may come under."""
    forms = {
        "C": unit.capitalize(),
        "U": unit.upper(),
        "T": unit.title().replace("_", ""),
        "H": unit.replace("_", "-"),
        "s": suffix,
        "S": suffix.upper(),
    }
    rows = (names.split("|") for names in MADE_BY.values())
    return list(dict.fromkeys(name.format(unit, **forms) for row in rows for name in row))
