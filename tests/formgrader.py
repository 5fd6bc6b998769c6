"""nbgrader's formgrader, really run: a Jupyter server on this machine, and a browser to look at it.

python tests/formgrader.py COURSE PICTURES    pictures of the pages that an instructor sees
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 120  # until the server answers, or a page is drawn, on a busy machine
EXTENSION = {"nbgrader.server_extensions.formgrader": True}


@dataclass(frozen=True)
class Formgrader:
    """A server that runs, what it shows, and a browser's profile, which is logged in there."""

    url: str
    token: str
    profile: str

    def answer(self, path: str, given: dict[str, Any] | None = None) -> Any:
        """What the server's API says: `api/assignments`. given: what a page of it would PUT."""
        request = urllib.request.Request(
            f"{self.url}/formgrader/{path}",
            data=json.dumps(given).encode() if given else None,
            headers={"Authorization": f"token {self.token}"},
            method="PUT" if given else "GET",
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return json.load(response)

    def page(self, path: str, picture: Path | None = None, height: int = 900) -> str:
        """What a browser makes of a page, as HTML, after its scripts have run; a picture too."""
        what = [f"--screenshot={picture}"] if picture else ["--dump-dom"]
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.profile}"]
        options += ["--virtual-time-budget=30000", f"--window-size=1200,{height}", *what]
        done = subprocess.run(
            [str(browser()), *options, f"{self.url}/formgrader/{path}"],
            capture_output=True, text=True, timeout=SECONDS, check=True,
        )  # fmt: skip
        return done.stdout

    def log_in(self) -> None:
        """Have the browser keep the server's cookie: a page's own scripts send no token."""
        self.page(f"manage_assignments?token={self.token}")


def browser() -> str | None:
    """Chromium, as Debian and others call it."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def formgrader(course: Path) -> Iterator[Formgrader]:
    """Serve a course's folder with nbgrader's extension, and nothing of this machine's settings."""
    token = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as profile:
        own = {f"JUPYTER_{kind}_DIR": home for kind in ("CONFIG", "RUNTIME", "DATA")}
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
                *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
                f"--IdentityProvider.token={token}",
                f"--ServerApp.jpserver_extensions={EXTENSION}",
            ],
            cwd=course,
            env=os.environ | own | {"HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            found = Formgrader(f"http://127.0.0.1:{port}", token, profile)
            _wait(found)
            if browser():
                found.log_in()
            yield found
        finally:
            server.terminate()
            server.wait()


def _wait(server: Formgrader) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            server.answer("api/status")
            return
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def main() -> None:
    course, pictures = map(Path, sys.argv[1:])
    pictures.mkdir(parents=True, exist_ok=True)
    with formgrader(course) as server:
        server.page("manage_assignments", pictures / "assignments.png")
        for assignment in server.answer("api/assignments"):
            name = assignment["name"]
            server.page(f"manage_submissions/{name}", pictures / f"{name}.png")
            for one in server.answer(f"api/submitted_notebooks/{name}/{name}"):
                page = f"submissions/{one['id']}/"
                server.page(page, pictures / f"{name}-{one['student']}.png", height=4000)


if __name__ == "__main__":
    main()
