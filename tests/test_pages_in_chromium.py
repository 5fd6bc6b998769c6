"""The pages in a real browser: nothing sticks out, on a phone or on a desk, in either language."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import hostile_notebook
import pytest
from machine import patience
from reports import report, result, sample, student_of

from autograder.core.course import Course
from autograder.reports.pages.html import class_page, student_page
from autograder.reports.wording import Language

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOOK = """
<script>
addEventListener("load", () => {
  const seen = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument;
    for (const part of page.querySelectorAll("details")) part.open = true;
    const root = page.documentElement, style = frame.contentWindow.getComputedStyle(page.body);
    const pictures = [...page.querySelectorAll("svg")];
    seen.push({
      name: frame.name, width: frame.clientWidth, needed: root.scrollWidth,
      background: style.backgroundColor,
      pictures: pictures.length,
      empty: pictures.filter(p => !p.getBoundingClientRect().width).length,
    });
  }
  document.body.innerHTML = "";
  document.body.dataset.seen = JSON.stringify(seen);
});
</script>
"""


def full_student(course: Course) -> str:
    """Reports with every kind of figure, of a student with a name that has nowhere to break."""
    pictures = {
        "attention_weights": [[1 / 60] * 60] * 60,
        "alignment": {"values": [[0.5, 0.5]], "rows": ["welcome"], "columns": ["欢迎", "来"]},
        "gradient_norms": {"yours": [10.0**-i for i in range(50)], "reference": [1.0] * 50},
    }
    speed = {"share": 0.9, "gate": 0.05, "over": "keys"}
    slow = result("attention", "failed", kind="speed", message="x" * 300, facts=speed)
    student = student_of([report(course, "长" * 80, "attention", slow, figures=pictures)])
    return student_page(student, course, "zh")


def look(pages: dict[str, str], widths: tuple[int, ...], folder: Path) -> list[dict]:
    """What a browser makes of pages, each in a frame of each width."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("there is no Chromium here")
    frames = "".join(
        f'<iframe name="{name}" width="{width}" height="800" srcdoc="{html.escape(page)}"></iframe>'
        for name, page in pages.items()
        for width in widths
    )
    (folder / "frames.html").write_text(f"<!doctype html><meta charset=utf-8>{LOOK}{frames}")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={folder / 'profile'}", (folder / "frames.html").as_uri()]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=patience(120)
    )
    found = re.search(r'data-seen="(.*?)"', done.stdout)
    assert found, done.stderr
    return json.loads(html.unescape(found[1]))


def test_pages_fit_every_width(course: Course, tmp_path: Path) -> None:
    languages: tuple[Language, ...] = ("en", "zh")
    pages = {
        f"class-{language}": class_page(sample(course), course, language) for language in languages
    }
    pages |= {
        f"student-{language}": student_page(sample(course)[1], course, language)
        for language in languages
    }
    pages["full"] = full_student(course)
    seen = look(pages, (360, 1280), tmp_path)
    assert len(seen) == 2 * len(pages)
    assert not [page for page in seen if page["needed"] > page["width"]]
    assert not [page for page in seen if page["empty"]]
    assert all(page["background"] == "rgb(255, 255, 255)" for page in seen)  # the style is read
    full = [page["pictures"] for page in seen if page["name"] == "full"]
    assert full == [4, 4]


def test_nothing_of_a_students_runs(course: Course, tmp_path: Path) -> None:
    """Names, messages, facts, words and figures that are markup, on every page of ours."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("there is no Chromium here")
    words = "\n".join(hostile_notebook.MARKUP)
    facts = {"says": "%(what)s", "what": words, "over": words, "ratio": 0.1, "gate": 0.2}
    drawn = {
        words: {words: [0.0, 1.0]},
        "alignment": {"values": [[1.0]], "rows": [words], "columns": [words]},
    }
    kinds = {"kind": "speed", "help": words, "help_id": words, "facts": facts, "id": words}
    failed = result("scale", "failed", message=words, **kinds)
    about = {"message": words, "file": words, "unknown": [words], "found": "renamed"}
    hostile = student_of([report(course, words, "attention", failed, figures=drawn, **about)])
    pages = [student_page(hostile, course, language) for language in ("en", "zh")]
    pages += [class_page([hostile], course, language) for language in ("en", "zh")]
    policy = "Content-Security-Policy"
    assert all(policy in page for page in pages)
    for page in pages:
        for shown in (page, page.replace(policy, "x")):  # escaped, and not only forbidden to run
            (tmp_path / "page.html").write_text(shown, "utf-8")
            command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
            command += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000"]
            done = subprocess.run(
                [*command, (tmp_path / "page.html").as_uri()],
                capture_output=True, text=True, check=True, timeout=patience(120),
            )  # fmt: skip
            assert hostile_notebook.OWNED not in done.stdout.partition("<head")[0]
            assert "dataset.owned" in done.stdout, "it is there to be read"
