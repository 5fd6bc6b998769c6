"""What is said where a call would fail on a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from autograder.core.language import Sentence, _, say
from autograder.testing.calls import Failure

if TYPE_CHECKING:
    from autograder.sandbox.wire import Frame, Misplaced

# By the rule that is broken: where it is known what made the tensor, and where not; the help.
HERE = _(
    "A new tensor belongs where the others are: `device=x.device`, `torch.zeros_like(x)` or "
    "`x.new_zeros(…)`."
)
MEETS = _(
    "On a GPU this would fail: `%(made)s` in %(born)s makes a tensor on the CPU, and "
    "`%(operation)s` in %(at)s meets it with one on the GPU."
)
MEETS_ANY = _(
    "On a GPU this would fail: `%(operation)s` in %(at)s meets a tensor on the CPU with one on the "
    "GPU."
)
RESULT = _(
    "On a GPU this would be wrong: the result is on the CPU, where `%(made)s` in %(born)s has put "
    "it."
)
RESULT_ANY = _("On a GPU this would be wrong: the result is on the CPU.")
NUMPY = _("On a GPU this would fail: NumPy cannot read the tensor in %(at)s, for it is on the GPU.")
CUDA = _("This fails where there is no GPU: %(at)s names CUDA.")
LAYOUT = _(
    "On a GPU this would fail: torch's `%(operation)s` in %(at)s takes no weights or states there "
    "that are not contiguous, such as a transposed matrix."
)
TRAINING = _(
    "On a GPU this would fail: torch's `%(operation)s` in %(at)s was not in training mode, and has "
    "no gradients there."
)
SAYS = {
    "meets": (MEETS, MEETS_ANY, HERE),
    "result": (RESULT, RESULT_ANY, HERE),
    "numpy": (NUMPY, NUMPY, _("Stay in torch: its operations run wherever a tensor is.")),
    "layout": (LAYOUT, LAYOUT, _("`w.T.contiguous()` puts the numbers into the order it takes.")),
    "training": (TRAINING, TRAINING, _("Say `train=True`, or `layer.train()` of a module.")),
    "cuda": (CUDA, CUDA, _("The arguments say which device it is: `x.device`.")),
}


def wrong_device(found: Misplaced) -> Failure:
    """What to say of a call that broke a rule of devices."""
    known, unknown, advice = SAYS[found.rule]
    told = say(
        known if found.made else unknown,
        made=found.made,
        born=_line(found.born),
        operation=found.operation,
        at=_line(found.at),
    )
    return Failure(told, help=advice, help_id="wrong_device")


def _line(frame: Frame | None) -> Sentence | str:
    if frame is None:
        return _("your program")
    code = f" (`{frame.text}`)" if frame.text else ""
    file = Path(frame.file)
    name = file.name if file.is_absolute() else frame.file  # at a desk, and in the sandbox
    return say("%(file)s, line %(line)s%(code)s", file=name, line=frame.line, code=code)
