"""The installs that users have: each is built in a fresh folder, tried, written down and removed.

    python tests/installs.py [ROW ...]        # `lowest` or `lowest-3.13.0`; by default all

The rows' results are kept in results/installs/, with all that the commands said, and
docs/installs.md is written from them after every row. It downloads gigabytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from conftest import ROOT
from test_sample_class import EXPECTED, came_to

from autograder.reports import store

KEPT = ROOT / "results" / "installs"
PAGE = ROOT / "docs" / "installs.md"
PYTORCH = "https://download.pytorch.org/whl/cpu"
STUDENTS = ("li_na", "han_meimei", "tom_baker", "mallory")  # right, in notebooks, wrong, hostile
# pip as it comes, whatever this machine has configured.
AS_IT_COMES = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "UV_NO_CONFIG": "1"} | {
    "PIP_NO_CACHE_DIR": "1",
    "UV_NO_CACHE": "1",
}
WITH_EXTRAS = ("nbgrader", "lessons", "cluster", "wire_fuzz", "starters", "ci")


class Failed(Exception):  # noqa: N818
    """A command failed; the text says which, and what it said last."""


class Place(NamedTuple):
    """A fresh folder with a clone in it, and the environment that is installed beside it."""

    folder: Path
    clone: Path
    python: Path  # what the environment is made with
    said: Path  # all that the commands said
    environment: dict[str, str]

    def program(self, name: str) -> Path:
        return self.folder / "venv" / "bin" / name

    def run(self, *command: object, cwd: Path | None = None, **environment: str) -> str:
        """Run a command and return what it said. Raises Failed."""
        words = [str(word) for word in command]
        variables = self.environment | environment
        done = subprocess.run(
            words,
            cwd=cwd or self.clone,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        with self.said.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(words)}\n{done.stdout}\n")
        if done.returncode:
            last = done.stdout.strip().splitlines()[-1:]
            raise Failed(f"{' '.join(words[:4])} … ended with {done.returncode}: {''.join(last)}")
        return done.stdout

    def pip(self, *arguments: object, **environment: str) -> None:
        self.run(self.program("python"), "-m", "pip", "install", *arguments, **environment)

    def uv(self, *arguments: object, **environment: str) -> None:
        self.run(Path(sys.executable).parent / "uv", *arguments, **environment)


# How a row is installed: each returns what has to be said about it.


def pips_own(place: Place) -> str:
    place.pip("-c", "constraints.txt", "-e", ".[instructor]")
    return "what pip takes by itself"


def newest(place: Place) -> str:
    place.pip("-e", ".[instructor]")
    return "no constraints"


def readme(place: Place) -> str:
    said = _cpu_build(place)
    place.pip("-c", "constraints.txt", "-e", ".[instructor]")
    return said


def _cpu_build(place: Place) -> str:
    """README's line for the CPU build; where PyTorch's index is out of reach, from elsewhere."""
    line = ("-c", "constraints.txt", "--retries", 1, "--index-url", PYTORCH, "torch")
    try:
        place.pip(*line)
        return "README's lines"
    except Failed:
        pass
    configured = {name: os.environ.get(name, "") for name in AS_IT_COMES}
    try:
        place.pip(*line, **configured | {"PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", "")})
        return "README's lines; PyTorch's index not reached, the CPU build from this machine's disk"
    except Failed:
        return "README's lines; PyTorch's index not reached, so what pip takes by itself"


def lowest(place: Place) -> str:
    _lowest(place, "--extra", "instructor")
    return "the lowest versions that pyproject.toml allows"


def lowest_of_all(place: Place) -> str:
    _lowest(place, "--all-extras")
    return "the lowest versions, with every extra"


def _lowest(place: Place, *extras: str) -> None:
    requirements = place.folder / "lowest.txt"
    choice = ("--resolution", "lowest-direct", "--only-binary", ":all:")
    place.uv(
        *("pip", "compile", *choice, *extras, "--python", place.program("python")),
        *("--no-annotate", "--output-file", requirements, "pyproject.toml"),
    )
    place.pip("-r", requirements)
    place.pip("--no-deps", "-e", ".")


def uv(place: Place) -> str:
    place.uv(
        *("pip", "install", "--python", place.program("python")),
        *("-c", "constraints.txt", "-e", ".[instructor]"),
    )
    place.uv("run", "autograder", "--help", VIRTUAL_ENV=str(place.folder / "venv"))
    if (place.clone / "uv.lock").exists():
        raise Failed("uv run made a lock file")
    return "`uv pip install`, which takes what pip takes, and `uv run`"


def wheel(place: Place) -> str:
    said = _cpu_build(place)
    place.uv("build", "--wheel", "--python", place.python, "--out-dir", place.folder)
    (built,) = place.folder.glob("*.whl")
    place.pip("-c", "constraints.txt", f"{built}[instructor]")
    return f"the wheel, outside the clone, `--course`; {said}"


def release(place: Place) -> str:
    """The students' release takes the clone's place; the clone that runs this script makes it."""
    students = place.folder / "students"
    place.run(Path(sys.executable).parent / "autograder", "release", students, cwd=ROOT)
    shutil.rmtree(place.clone)
    students.rename(place.clone)
    said = _cpu_build(place)
    place.pip("-c", "constraints.txt", ".")
    return f"the students' release; {said}"


# What is tried in each: nothing is returned where all is well, else Failed is raised.


def doctor(place: Place) -> None:
    place.run(place.program("autograder"), "doctor")


def public_tests(place: Place) -> None:
    pytest = (place.program("python"), "-m", "pytest", "-q", "-p", "no:cacheprovider")
    place.run(*pytest, "exercises", "--submission", ROOT / "solutions")
    alone = ("-c", os.devnull, "--rootdir", ROOT, "--noconftest", "--import-mode=importlib")
    place.run(*pytest, *alone, ROOT / "tests" / "test_inputs.py")  # the same inputs everywhere


def four_students(place: Place) -> None:
    _grade(place, cwd=place.clone)


def four_students_outside(place: Place) -> None:
    _grade(place, "--course", place.clone, cwd=place.folder)


def _grade(place: Place, *options: object, cwd: Path) -> None:
    handed_in, results = place.folder / "handed in", place.folder / "results"
    for student in STUDENTS:
        shutil.copytree(ROOT / "course" / "sample_class" / student, handed_in / student)
    grade = (place.program("autograder"), "grade", handed_in, "--isolation", "full")
    place.run(*grade, "--results", results, *options, cwd=cwd)
    wrong = [text for student in STUDENTS for text in _unexpected(results, student)]
    if wrong:
        raise Failed("; ".join(wrong))


def _unexpected(results: Path, student: str) -> Iterator[str]:
    for unit, exercises in EXPECTED[student].items():
        report = store.read(store.path_for(results, student, unit))
        if report is None or report.status != exercises.get("status", "graded"):
            yield f"{student}'s {unit} is {report.status if report else 'not graded'}"
            continue
        for exercise, kinds in exercises.items():
            for kind, wanted in kinds.items() if exercise not in ("why", "status") else ():
                found = came_to(report, exercise, kind)
                if found != wanted:
                    said = next((t.message for t in report.tests if t.status != "passed"), "")
                    yield f"{student}'s {exercise}, {kind}: {found} instead of {wanted}. {said}"


def check(place: Place) -> None:
    """A student's own command, on the solutions in place of the starters."""
    for solution in (ROOT / "solutions").glob("*.py"):
        shutil.copy(solution, place.clone / "exercises")
    place.run(place.program("autograder"), "check")


def tests_of_extras(place: Place) -> None:
    python = place.program("python")
    files = [f"tests/test_{name}.py" for name in WITH_EXTRAS]
    place.run(python, "-m", "pytest", "-q", *files)
    place.run(place.program("ruff"), "check", ".")


Step = Callable[[Place], None]
GRADER = {"doctor": doctor, "public tests": public_tests, "four students": four_students}


class Row(NamedTuple):
    install: Callable[[Place], str]
    python: str  # "3.11", "newest", or "each"
    steps: dict[str, Step]


ROWS = {
    "pip": Row(pips_own, "3.11", GRADER),
    "newest": Row(newest, "newest", GRADER),
    "readme": Row(readme, "each", GRADER),
    "lowest": Row(lowest, "each", GRADER),
    "extras": Row(lowest_of_all, "3.11", GRADER | {"extras' tests": tests_of_extras}),
    "uv": Row(uv, "3.11", GRADER),
    "wheel": Row(wheel, "3.11", GRADER | {"four students": four_students_outside}),
    "release": Row(release, "each", {"public tests": public_tests, "check": check}),
}
STEPS = ("doctor", "public tests", "four students", "check", "extras' tests")


def pythons() -> dict[str, Path]:
    """The Pythons of this machine from 3.11 on, by version, oldest first."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    found: dict[tuple[int, ...], Path] = {}
    for program in (path for folder in folders for path in folder.glob("python3.[0-9][0-9]")):
        code = "import sys; print(*sys.version_info[:3], sys.executable)"
        done = subprocess.run([program, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode:
            continue  # a door to a Python that is not there
        major, minor, patch, executable = done.stdout.split(maxsplit=3)
        version = (int(major), int(minor), int(patch))
        if version >= (3, 11):
            found.setdefault(version, Path(executable.strip()))
    return {".".join(map(str, version)): found[version] for version in sorted(found)}


def chosen(row: Row) -> list[str]:
    """The versions of Python that a row is for."""
    there = list(pythons())
    if row.python == "each":
        return there
    return [v for v in there if row.python == "newest" or v.startswith(f"{row.python}.")][-1:]


def try_row(name: str, version: str, python: Path) -> dict[str, Any]:
    """Build, try and remove one install; return what came of it."""
    row = ROWS[name]
    log = KEPT / f"{name}-{version}.log"
    log.unlink(missing_ok=True)
    result: dict[str, Any] = {"row": name, "python": version, "date": time.strftime("%Y-%m-%d")}
    with tempfile.TemporaryDirectory(prefix="install-") as name_of_folder:
        folder = Path(name_of_folder)
        kept = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
        place = Place(folder, folder / "clone", python, log, kept | AS_IT_COMES)
        try:
            place.run("git", "clone", "--quiet", ROOT, place.clone, cwd=folder)
            place.run(python, "-m", "venv", folder / "venv")
            result["said"] = row.install(place)
        except Failed as error:
            said = f"not installed: {error}".replace(name_of_folder, "…")
            return result | {"said": said}
        result["versions"] = versions(place)
        for step, do in row.steps.items():
            try:
                do(place)
                result[step] = "ok"
            except Failed as error:
                result[step] = str(error).replace(name_of_folder, "…")
    return result


def versions(place: Place) -> dict[str, str]:
    listed = place.run(place.program("python"), "-m", "pip", "list", "--format", "json")
    return {entry["name"].lower(): entry["version"] for entry in json.loads(listed.splitlines()[0])}


def page(results: list[dict[str, Any]]) -> str:
    """The page: the table, and the versions of what pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    named = [*project["dependencies"], *(text for extra in extras for text in extra)]
    direct = {text.split(">=")[0].split("[")[0] for text in named}
    lines = [
        "# Installs that were tried",
        "",
        "`make installs` builds each in a fresh folder, tries it and removes it: `autograder",
        "doctor`, the public tests on the solutions, and four students of the sample class (right,",
        "in notebooks, wrong, hostile) graded at full isolation with the expected marks. It writes",
        "this page.",
        "",
        f"| install | Python | torch | {' | '.join(STEPS)} | date |",
        "|---|---|---|" + "---|" * (len(STEPS) + 1),
    ]
    for result in results:
        torch = result.get("versions", {}).get("torch", "–")
        cells = [result["said"], result["python"], torch]
        cells += [result.get(column, "–") for column in STEPS] + [result["date"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## Versions", ""]
    for result in results:
        found = result.get("versions", {})
        listed = ", ".join(f"{name} {found[name]}" for name in sorted(direct & set(found)))
        if listed:
            lines.append(f"- **{result['said']}**, Python {result['python']}: {listed}")
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> int:
    """Try the rows, and write the page after each; 1 if one of them failed or was never run."""
    KEPT.mkdir(parents=True, exist_ok=True)
    rows = [(name, version) for name, row in ROWS.items() for version in chosen(row)]
    for name, version in rows:
        if not names or {name, f"{name}-{version}"} & set(names):
            print(f"{name}, Python {version}", flush=True)
            result = try_row(name, version, pythons()[version])
            _path(name, version).write_text(json.dumps(result), "utf-8")
            print(
                f"  {json.dumps({k: v for k, v in result.items() if k != 'versions'})}", flush=True
            )
        results = [_result(*row) for row in rows]
        PAGE.write_text(page(results), "utf-8")
    return not all(_green(result) for result in results)


def _green(result: dict[str, Any]) -> bool:
    return "versions" in result and all(result.get(step, "ok") == "ok" for step in STEPS)


def _result(name: str, version: str) -> dict[str, Any]:
    path = _path(name, version)
    if path.exists():
        result: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return result
    return {"row": name, "python": version, "said": f"`{name}`: not run yet", "date": "–"}


def _path(name: str, version: str) -> Path:
    return KEPT / f"{name}-{version}.json"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
