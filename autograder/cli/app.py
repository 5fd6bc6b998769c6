"""All commands of an instructor, one by one from their families, and the students' own."""

from __future__ import annotations

from autograder.cli.bench import bench_app
from autograder.cli.collect import collect
from autograder.cli.export import export
from autograder.cli.grade import grade
from autograder.cli.release import doctor, release
from autograder.cli.replay import replay
from autograder.cli.similar import similar
from autograder.core.console import Commands
from autograder.core.processes import PACKAGE
from autograder.local.commands import check, handin, hint, reset, watch

app = Commands(
    no_args_is_help=True,
    help="A course's exercises and a sandboxed grader for them.\n\n"
    "Students: `autograder check` tests your files. Instructors: `autograder grade FOLDER` "
    "grades a class, `autograder doctor` tells what this machine can do.",
)
INSTRUCTORS = (collect, grade, replay, export, similar, release, doctor)
for command in (*INSTRUCTORS, check, watch, hint, reset, handin):
    app.command()(command)
app.add_typer(bench_app, name="bench")
if (PACKAGE / "cli" / "unit.py").exists():  # in a clone
    from autograder.cli.unit import unit_app

    app.add_typer(unit_app, name="unit")
