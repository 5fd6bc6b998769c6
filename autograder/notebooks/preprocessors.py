"""`nbgrader autograde` with this package's sandbox in place of a notebook's kernel.

No cell of a student's notebook is executed here. What nbgrader would have read from the outputs of
test cells, which any program can forge, comes from the report of the hidden tests instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbformat import NotebookNode
from nbgrader import preprocessors, utils  # type: ignore[import-untyped]
from nbgrader.api import Gradebook  # type: ignore[import-untyped]
from nbgrader.nbgraderformat import MetadataValidator  # type: ignore[import-untyped]
from nbgrader.preprocessors.base import NbGraderPreprocessor  # type: ignore[import-untyped]
from traitlets import Bool, Enum, Unicode

from autograder.core import course as courses
from autograder.core.course import Course, Unit
from autograder.core.errors import CourseError, GraderError
from autograder.core.language import LANGUAGES
from autograder.core.text import inert, one_line
from autograder.grading.grader import warm
from autograder.grading.protocol import Options
from autograder.intake import decisions
from autograder.intake.reading import read
from autograder.local.reset import STUB
from autograder.notebooks.gradebook import mark, reasons, results_of
from autograder.notebooks.guard import UnitsExport, refuse_others
from autograder.notebooks.inert import ShowAsText, strip
from autograder.release.starters import BEGIN, END
from autograder.reports import store
from autograder.reports.schema import MARKS, Report, TestResult
from autograder.sandbox.host import LEVELS

REPORT = "autograder_report"  # how the report travels in nbconvert's resources
LANGUAGE = "autograder_language"


def configure(c: Any, root: Path) -> None:
    """Set nbgrader up for the course in `root`."""
    c.ClearSolutions.begin_solution_delimeter = BEGIN  # nbgrader's own spelling
    c.ClearSolutions.end_solution_delimeter = END
    c.ClearSolutions.code_stub = {"python": STUB}
    c.Autograde.sanitize_preprocessors = [
        RestoreCells,
        preprocessors.ClearOutput,
        preprocessors.OverwriteKernelspec,
        ShowAsText,
        preprocessors.CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        SandboxGrade,
        ClearMetadataPreprocessor,
        SaveSandboxGrades,
        preprocessors.AssignLatePenalties,
        preprocessors.CheckCellMetadata,
    ]
    c.SandboxGrade.course = str(root)
    c.ExportApp.plugin_class = UnitsExport
    c.UnitsExport.units = courses.load(root).unit_names
    refuse_others((RestoreCells, ShowAsText, SandboxGrade, SaveSandboxGrades))


class RestoreCells(preprocessors.OverwriteCells):
    """Takes what cells are for from the gradebook, whatever the student's notebook says.

    In place of DeduplicateIds and OverwriteCells: those stop at a notebook whose metadata has been
    tampered with, or whose answer cell was deleted together with its tests.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """See nbconvert."""
        names = resources["nbgrader"]
        strip(nb)
        with Gradebook(names["db_url"]) as gradebook:
            notebook = gradebook.find_notebook(names["notebook"], names["assignment"])
            self._mark(nb, notebook)
            nb, resources = super().preprocess(nb, resources)
            self._add_missing(nb, notebook)
        return nb, resources

    def _mark(self, nb: Any, notebook: Any) -> None:
        """Mark each known cell as the gradebook has it; of several alike, the last one counts."""
        unseen = {source.name: _metadata(source, notebook) for source in notebook.source_cells}
        for cell in reversed(nb.cells):
            claimed = cell.metadata.pop("nbgrader", None)
            grade_id = claimed.get("grade_id") if isinstance(claimed, dict) else None
            known = unseen.get(grade_id) if isinstance(grade_id, str) else None
            if known and known["cell_type"] == cell.cell_type:
                cell.metadata["nbgrader"] = unseen.pop(grade_id)

    def _add_missing(self, nb: Any, notebook: Any) -> None:
        """Put back each deleted test cell, after the one that it followed."""
        graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
        solutions = {cell.name for cell in notebook.solution_cells}
        place = 0
        for source in notebook.source_cells:
            found = [i for i, cell in enumerate(nb.cells) if _grade_id(cell) == source.name]
            if found:
                place = found[0] + 1
            elif source.name in graded:
                most, own = graded[source.name], source.name in solutions
                cell = self.missing_cell_transform(source, most, own)
                if nb.nbformat_minor >= 5:
                    cell.id = f"restored-{place}"
                nb.cells.insert(place, cell)
                place += 1


def _metadata(source: Any, notebook: Any) -> Any:
    """nbgrader's metadata of a cell, as the gradebook knows it."""
    graded = {cell.name: cell.max_score for cell in notebook.grade_cells}
    tasks = {cell.name: cell.max_score for cell in notebook.task_cells}
    metadata = {
        "schema_version": MetadataValidator.schema_version,
        "grade_id": source.name,
        "grade": source.name in graded,
        "solution": any(cell.name == source.name for cell in notebook.solution_cells),
        "task": source.name in tasks,
        "locked": source.locked,
        "cell_type": source.cell_type,
        "checksum": source.checksum,
    }
    points = {**graded, **tasks}.get(source.name)
    return NotebookNode(metadata if points is None else metadata | {"points": points})


def _grade_id(cell: Any) -> str | None:
    grade_id: str | None = cell.metadata.get("nbgrader", {}).get("grade_id")
    return grade_id


class SandboxGrade(NbGraderPreprocessor):
    """Grades the notebook that was handed in; takes the place of Execute."""

    course = Unicode(help="A clone of the course, with its hidden tests.").tag(config=True)
    device = Enum(["cpu", "cuda"], "cpu", help="cuda counts the GPU points too.").tag(config=True)
    isolation = Enum(LEVELS, "full", help="As in `autograder grade --isolation`.").tag(config=True)
    speed = Bool(True, help="Whether speed counts, and is measured.").tag(config=True)
    language = Enum(LANGUAGES, "en", help="Of the comments.").tag(config=True)
    results = Unicode(
        "results", help="Where the reports go, for `autograder export`; below the course's folder."
    ).tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """See nbconvert. Raises GraderError where there is no mark, so that no zero is saved."""
        course = courses.load(Path(self.course) if self.course else None)
        names = resources["nbgrader"]
        if names["notebook"] not in course.unit_names:
            raise CourseError(f"{names['notebook']!r} is no unit of this course: nobody graded it.")
        unit = course.unit(names["notebook"])
        resources[REPORT] = self._grade(course, unit, names)
        resources[LANGUAGE] = self.language
        return nb, resources

    def _grade(self, course: Course, unit: Unit, names: Any) -> Report:
        coursedir = self.parent.parent.coursedir  # of the exporter, of the converter
        submitted = coursedir.format_path(
            coursedir.submitted_directory, names["student"], names["assignment"]
        )
        folder = Path(submitted).resolve()
        if folder.parts[-2:] != (names["student"], unit.name):
            raise CourseError(
                f"{folder} is not laid out as <student>/{unit.name}: the assignment must be named "
                "as its unit, and nbgrader's directory_structure stay as it is."
            )
        options = Options(self.device == "cuda", self.isolation, self.speed)
        root = Path(coursedir.root).resolve()
        submissions, student = folder.parent.parent, names["student"]
        decided = decisions.load(submissions, [student], course).get(student)
        handed_in = read(submissions, student, course, notebooks=True, decided=decided)
        with warm(course.root, options, (course.root, root)).borrow() as grader:
            report = grader.grade(handed_in, unit)
        path = store.path_for(root / self.results, names["student"], unit.name)
        store.write(path, store.encode(report))
        if report.status not in MARKS:
            raise GraderError(inert(one_line(report.message)))
        return report


class SaveSandboxGrades(preprocessors.SaveAutoGrades):
    """Writes the report's points and reasons into the gradebook."""

    def _add_score(self, cell: Any, resources: Any) -> None:
        """Save the share of the exercise's points that was earned, of the cell's points."""
        names = (_grade_id(cell), self.notebook_id, self.assignment_id, self.student_id)
        if not utils.is_solution(cell):
            mark(self.gradebook.find_grade(*names), _tests(cell, resources))
        else:  # an answer that is graded by hand, where there are points for it
            super()._add_score(cell, resources)
            grade = self.gradebook.find_grade(*names)
            grade.needs_manual_grade &= grade.max_score > 0
        self.gradebook.db.commit()

    def _add_comment(self, cell: Any, resources: Any) -> None:
        """Say why points were lost."""
        super()._add_comment(cell, resources)
        if tests := _tests(cell, resources):
            names = (_grade_id(cell), self.notebook_id, self.assignment_id, self.student_id)
            said = reasons(tests, resources[LANGUAGE])
            self.gradebook.find_comment(*names).auto_comment = said
            self.gradebook.db.commit()


def _tests(cell: Any, resources: Any) -> list[TestResult]:
    """The results that belong to an exercise's answer cell or test cell."""
    report: Report | None = resources.get(REPORT)
    return results_of(report, _grade_id(cell) or "") if report else []
