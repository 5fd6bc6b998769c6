"""Notebooks with something active wherever nbconvert, or a page made by it, looks at a notebook.

Whatever runs writes OWNED into the page, where a browser's DOM shows it.
"""

from __future__ import annotations

import base64
from typing import Any

OWNED = "data-owned"
RUN = "document.documentElement.dataset.owned=1"
MARKUP = [
    f"<script>{RUN}</script>",
    f'<img src="x" onerror="{RUN}">',
    f'<svg onload="{RUN}"><text>x</text></svg>',
    f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    f'<details open ontoggle="{RUN}">x</details>',
    f'<style>@keyframes k{{}} p{{animation:k 1s}}</style><p onanimationstart="{RUN}">x</p>',
    f'<math><mtext><img src=x onerror="{RUN}"></mtext></math>',
    f'<a id="link" href="javascript:{RUN}">x</a><script>document.getElementById("link").click()',
    f'<object data="javascript:{RUN}"></object><embed src="javascript:{RUN}">',
    '<form action="/formgrader/api/grade" method="post"><button>x</button></form>',
    '<meta http-equiv="refresh" content="0;url=javascript:1"><base href="//evil.example/">',
    f"[a](javascript:{RUN})\n\n![b](x \"' onerror='{RUN}\")\n\n<javascript:{RUN}>",
    f"```mermaid\n</pre><script>{RUN}</script>\n```",
    f"```<script>{RUN}</script>\n```",
    f"$$ </script><script>{RUN}</script> $$\n\n$\\href{{javascript:{RUN}}}{{x}}$",
    f"\\begin{{align}}<img src=x onerror={RUN}>\\end{{align}}",
    f"# <img src=x onerror={RUN}>\n\n| <img src=x onerror={RUN}> |\n| --- |",
]
DATA = base64.b64encode(f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>".encode())
MIME = [
    "text/html", "text/markdown", "text/latex", "text/plain", "image/svg+xml", "image/png",
    "image/jpeg", "application/javascript", "application/json", "application/pdf",
    "application/vnd.jupyter.widget-view+json", "application/vnd.mermaid", "text/vnd.mermaid",
]  # fmt: skip
FORMATS = ("raw_mimetype", "format")  # where it stands what a raw cell is
RAW = ["", "text/html", "text/markdown", "text/latex", "text/x-python", "text/restructuredtext"]
Notebook = dict[str, Any]


def _content(kind: str, markup: str) -> Any:
    return {"model_id": "x", markup: markup} if "json" in kind else markup


def cells() -> list[Notebook]:
    """A cell of each kind for each thing that is tried."""
    metadata: Notebook = {"tags": [f'"><script>{RUN}</script>'], "jupyter": {"source_hidden": RUN}}
    made: list[Notebook] = []
    for markup in MARKUP:
        name = '" onerror="' + RUN
        attached = {"x.svg": {"image/svg+xml": DATA.decode()}, "y": {f"image/png{name}": "eA=="}}
        pictures = "\n\n![x](attachment:x.svg)\n\n![y](attachment:y)"
        made.append({"cell_type": "markdown", "source": markup + pictures, "attachments": attached})
        made += [
            {
                "cell_type": "raw",
                "source": markup,
                "metadata": {"raw_mimetype": kind, "format": kind},
            }
            for kind in RAW
        ]
        bundle = {kind: _content(kind, markup) for kind in MIME}
        made.append(
            {
                "cell_type": "code",
                "source": f"%%html\n{markup}",
                "execution_count": 7,
                "outputs": [
                    {"output_type": "display_data", "data": bundle, "metadata": {}},
                    *(
                        {"output_type": "display_data", "data": {kind: content}, "metadata": {}}
                        for kind, content in bundle.items()
                    ),
                    {"output_type": "stream", "name": "stdout", "text": f"\x1b[31m{markup}"},
                    {
                        "output_type": "error",
                        "ename": markup,
                        "evalue": markup,
                        "traceback": [markup, f"\x1b]8;;javascript:{RUN}\x07x\x1b]8;;\x07"],
                    },
                ],
            }
        )
    for number, cell in enumerate(made):
        cell.setdefault("metadata", {}).update(metadata)
        cell["id"] = f"own-{number}"
    return made


METADATA: Notebook = {
    "title": f"</title><script>{RUN}</script>",
    "language_info": {"name": f'"><script>{RUN}</script>', "pygments_lexer": f'"><img {RUN}'},
    "widgets": {
        "application/vnd.jupyter.widget-state+json": {
            "state": {"x": {"model_name": f"</script><script>{RUN}</script>"}},
            "version_major": 2, "version_minor": 0,
        }
    },
}  # fmt: skip
