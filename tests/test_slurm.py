"""The recipe of docs/scale.md for Slurm, as typed, on a real Slurm: one machine with slots.

Debian has it: apt install slurm-wlm. Its programs start jobs for others, so they ask for root.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, autograder
from machine import patience

from autograder.reports import store

PROGRAMS = ("slurmctld", "slurmd", "squeue")
pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or not all(map(shutil.which, PROGRAMS)), reason="asks for Slurm, and root"
)
pytest.importorskip("dask_jobqueue")

STUDENTS = 90
SETTINGS = """
ClusterName=course
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2
KillWait=2
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/node.log
SlurmdSpoolDir={folder}/node
StateSaveLocation={folder}/state
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=100000
PartitionName=main Nodes={host} Default=YES State=UP
"""


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Slurm of four slots; the environment in which its commands find it."""
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    text = SETTINGS.format(host=socket.gethostname(), folder=folder, ports=free_ports(2))
    (folder / "slurm.conf").write_text(text)
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
    running = [subprocess.Popen([name, "-D"], env=environment) for name in ("slurmctld", "slurmd")]
    try:
        deadline = time.monotonic() + patience(60)
        while b"idle" not in queued("sinfo", environment, "%t"):
            assert time.monotonic() < deadline, "Slurm has no node"
            time.sleep(0.2)
        yield environment
    finally:
        subprocess.run(["scancel", "--full", "-u", "root"], env=environment, check=False)
        time.sleep(3)
        for process in running:
            process.terminate()
            process.wait()


def queued(command: str, environment: dict[str, str], form: str) -> bytes:
    done = [command, "--noheader", "-o", form]
    return subprocess.run(done, env=environment, check=False, capture_output=True).stdout


def recipe(walltime: str, grows: bool) -> str:
    """The program that docs/scale.md prints, for this small machine."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    (text,) = re.findall(r"```python\n(from dask_jobqueue.*?)```", page, re.DOTALL)
    for typed, here in {
        "/path/to/course": str(ROOT),
        ". .venv/bin/activate": f"PATH={Path(sys.executable).parent}:$PATH",
        '"02:00:00"': f'"{walltime}"',
        '"110m"': '"1h"',
        "adapt(maximum_jobs=160)": "adapt(maximum_jobs=4)" if grows else "scale(jobs=4)",
    }.items():
        assert typed in text
        text = text.replace(typed, here)
    return text


@pytest.mark.parametrize(
    ("walltime", "grows"), [("00:30:00", True), ("00:30:00", False), ("00:01:00", True)]
)
def test_the_recipe(slurm: dict[str, str], tmp_path: Path, walltime: str, grows: bool) -> None:
    """All is graded, and the same: where jobs come as work does, and where their time runs out."""
    students = STUDENTS * (1 if walltime == "00:30:00" else 3)
    program = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
    for number in range(students):
        (tmp_path / "class" / f"s{number}").mkdir(parents=True)
        (tmp_path / "class" / f"s{number}" / "rnn.py").write_text(f"{program}\n# {number}\n")
    (tmp_path / "cluster.py").write_text(recipe(walltime, grows))
    with subprocess.Popen(
        [sys.executable, "cluster.py"],
        cwd=tmp_path,
        env=slurm,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as cluster:
        assert cluster.stdout
        address = cluster.stdout.readline().strip()
        options = ["--unit", "rnn", "--no-speed", "--results", tmp_path / "results"]
        options += ["--scheduler", address]
        done = autograder("grade", tmp_path / "class", *options, cwd=ROOT)
        cluster.communicate("\n", timeout=patience(60))
    assert done.returncode == 0, done.stderr
    reports = [store.read(path) for path in (tmp_path / "results").glob("*/rnn.json")]
    assert len(reports) == students
    assert all(r and r.status == "graded" and r.score == r.max_score for r in reports)
    jobs = len(list(tmp_path.glob("slurm-*.out")))
    assert jobs <= 4 if walltime == "00:30:00" else 4 < jobs < 60, "jobs started again and again"
