"""What Classroom 50 runs of ours in a student's checkout: the public tests, to result.json.

It lies in an assignment's folder as autograder.py, beside our files, and is run by itself in
whatever Python is there: it imports nothing of ours. The tests are those beside it, whatever became
of them in the student's repository. Whoever owns that can still deceive them, since they run in the
student's own process: marks that count come from `autograder grade`.

Source: https://github.com/foundation50/classroom50, schemas/result-v1.schema.json.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BESIDE = "course-files"  # our files, beside this one
EXERCISES = "exercises.json"  # what there is to earn, for where the tests tell nothing
POINTS, SUMMARY = "points.json", "summary.md"
MOST_SUMMARY = 60_000  # characters, of the 125 000 that the page of a release takes
SECONDS = 600  # of the 15 minutes that a job has, with what is installed
MOST_FILES, MOST_BYTES = 2000, 50 << 20  # of a student's checkout
CONFIGURING = {"conftest.py", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "pyproject.toml"}
MOST_TEXT = 4000  # characters of what a test says
TORCH = "https://download.pytorch.org/whl/cpu"


def main() -> None:
    """Write result.json, and the page that a student reads.

    Ends with an error where our side fails: then there is no mark.
    """
    bundle = Path(os.environ.get("CLASSROOM50_BUNDLE_DIR") or Path(__file__).parent)
    checkout = Path.cwd()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary) / "work"
        shutil.copytree(bundle / BESIDE, work)
        install(work)
        bring(checkout, work)
        status = run(work)
        written = work / POINTS
        tests = tests_of(json.loads((bundle / EXERCISES).read_text("utf-8")), written, status)
        if page := summary_in(work):
            (checkout / "release-body.md").write_text(page, encoding="utf-8")
    text = json.dumps(result(tests, os.environ), ensure_ascii=False, indent=2)
    (checkout / "result.json").write_text(text + "\n", encoding="utf-8")


def install(work: Path) -> None:
    """Have what the tests need, PyTorch's CPU build among it: a tenth of what pip takes itself."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "-c", str(work / "constraints.txt")]
    subprocess.run([*pip, "--index-url", TORCH, "torch"], check=False)  # else from where all is
    subprocess.run([*pip, str(work), "ipython"], check=True)  # which reads notebooks


def bring(checkout: Path, work: Path) -> None:
    """Put a student's files among ours: exercises and helpers, and none in the place of ours.

    Links are left out, and what configures pytest. Raises SystemExit where there is too much.
    """
    ours = {path.relative_to(work) for path in work.rglob("*") if path.is_file()}
    to_write = {path for path in ours if is_exercise(path)}
    files, size = 0, 0
    for folder, folders, names in os.walk(checkout):
        here = Path(folder)
        folders[:] = [name for name in folders if name[0] != "." and not (here / name).is_symlink()]
        for name in names:
            path = here / name
            place = path.relative_to(checkout)
            taken = place in ours - to_write or name in CONFIGURING
            if taken or path.is_symlink() or not path.is_file():
                continue
            files, size = files + 1, size + path.stat().st_size
            if files > MOST_FILES or size > MOST_BYTES:
                sys.exit("The repository holds too much: large files and data do not belong there.")
            (work / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, work / place)


def is_exercise(path: Path) -> bool:
    """Whether it is a file that students write in."""
    return path.parts[0] == "exercises" and not path.name.startswith(("test_", "conftest"))


def run(work: Path) -> str:
    """Run the public tests. Returns how they ended, where that was not by themselves."""
    start = "from autograder.local.commands import app; app()"
    command = [sys.executable, "-P", "-c", start, "ci", "--points", POINTS]  # -P: no module of work
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
    environment["GITHUB_STEP_SUMMARY"] = str(work / SUMMARY)
    try:
        done = subprocess.run(command, cwd=work, env=environment, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"the tests took more than {SECONDS} seconds"
    return f"the tests ended before their verdict (exit status {done.returncode})"


def summary_in(work: Path) -> str:
    """The points and what to mend, in Markdown; "" where the tests ended before they said so.

    It is the student's own page, of whose process it comes: shown to nobody else, and bounded.
    """
    try:
        with (work / SUMMARY).open(encoding="utf-8", errors="replace") as file:
            return file.read(MOST_SUMMARY)
    except OSError:
        return ""


def tests_of(exercises: list[dict[str, Any]], written: Path, status: str) -> list[dict[str, Any]]:
    """An entry for each exercise. What the tests' process wrote may be anything: only what fits."""
    try:
        found = json.loads(written.read_text("utf-8"))
        said = {(one["unit"], one["exercise"]): one for one in found}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        said = {}
    return [
        entry(exercise, said.get((exercise["unit"], exercise["exercise"])), status)
        for exercise in exercises
    ]


def entry(exercise: dict[str, Any], said: dict[str, Any] | None, status: str) -> dict[str, Any]:
    """A test of the result: all of an exercise's points, or none."""
    passed = said is not None and said.get("passed") is True
    message = str(said.get("message", "")) if said is not None else status
    return {
        "test-name": f"{exercise['unit']}: {exercise['exercise']}",
        "passed": passed,
        "score": exercise["max-score"] if passed else 0,
        "max-score": exercise["max-score"],
        "message": message[:MOST_TEXT],
    }


def result(tests: list[dict[str, Any]], environment: Mapping[str, str]) -> dict[str, Any]:
    """The whole result; who owns it and when it was handed in, the runner writes itself."""
    return {
        "schema": "classroom50/result/v1",
        "classroom": environment["CLASSROOM"],
        "assignment": environment["ASSIGNMENT"],
        "assignment_type": environment.get("ASSIGNMENT_TYPE", "individual"),
        "owner": environment.get("OWNER") or environment["USERNAME"],
        "submission": environment["SUBMISSION_TAG"],
        "commit": environment["COMMIT_URL"],
        "release": environment["RELEASE_URL"],
        "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
        "datetime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }


if __name__ == "__main__":
    main()
