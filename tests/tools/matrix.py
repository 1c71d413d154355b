# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test's sanity tests and all tests of tests/ on each ansible-core of ansible_core_versions.toml.

Each core has a virtual environment in build/matrix/, on the newest of its Pythons that this machine has, and writes
all that it prints to a file there. Playbooks also run modules on the oldest target Python, if the machine has it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import tomllib

from tests.tools import interpreters

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "matrix"
VERSIONS = tomllib.loads((Path(__file__).parent / "ansible_core_versions.toml").read_text(encoding="utf-8"))
# The oldest and the newest differ most from what developers use every day, so they come first.
TESTED_FIRST = ("2.16", "2.21")
# No core takes that long, even on a busy machine: something hangs.
TIMEOUT_SECONDS = 3600


@dataclass
class AnsibleCore:
    """A release of ansible-core, and the results of its tests."""

    version: str
    package: str
    pythons: list[str]
    may_fail: str = ""
    python: str = "-"
    sanity: str = "-"
    tests: str = "-"
    seconds: float = 0
    failed: bool = False
    notes: list[str] = field(default_factory=list)

    def note(self, step: str, text: str, failed: bool = True) -> None:
        """Remember why a step failed, or was skipped."""
        self.failed |= failed
        self.notes.append(f"{self.version}: {step}: {text}")

    @property
    def result(self) -> str:
        """One word for all its steps."""
        if self.failed:
            return "failed, allowed" if self.may_fail else "FAILED"
        return "skipped" if self.python == "-" else "passed"


def select_cores(wanted: list[str]) -> list[AnsibleCore]:
    """Return the cores to test, in the order in which to test them."""
    known = VERSIONS["core"]
    if unknown := set(wanted) - set(known):
        sys.exit(f"Unknown in CORES: {', '.join(sorted(unknown))}. Known are {', '.join(known)}.")
    order = [*TESTED_FIRST, *(version for version in known if version not in TESTED_FIRST)]
    return [AnsibleCore(version, **known[version]) for version in order if version in (wanted or known)]


def run(command: list[object], log: Path, timeout: float = TIMEOUT_SECONDS, **environment: str) -> tuple[int, str]:
    """Run a command, and add what it prints to a file. Return its exit status and what it printed."""
    before = log.stat().st_size if log.exists() else 0
    with log.open("ab") as file:
        file.write(f"$ {shlex.join(map(str, command))}\n".encode())
        file.flush()
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            )
            status = done.returncode
        except subprocess.TimeoutExpired:
            file.write(f"\nstopped after {timeout:.0f} s\n".encode())
            status = 124
    return status, log.read_bytes()[before:].decode(errors="replace")


def install(environment: Path, python: Path, log: Path, *sets: list[str]) -> tuple[int, str]:
    """Make a virtual environment, and install sets of packages one after the other: a later one wins."""
    environment_python = environment / "bin" / "python"
    # An environment made from the same packages is kept, and with it the ones that ansible-test made there.
    stamp, wanted = environment / ".made-from", f"{python} {sets} {requirements()}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and interpreters.can_run(environment_python):
        return 0, ""
    status, printed = run([python, "-m", "venv", "--clear", environment], log)
    pip = [environment_python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    # uv is ten times faster. Where it cannot work, pip does.
    uv = [Path(sys.prefix) / "bin" / "uv", "pip", "install", "--quiet", "--python", environment_python]
    for packages in sets:
        if not status and run([*uv, *packages], log)[0]:
            status, printed = run([*pip, *packages], log)
    if not status:
        stamp.write_text(wanted, encoding="utf-8")
    return status, printed


def requirements() -> str:
    """Return what the requirements files say."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("requirements/*.txt")))


def make_target_python(log: Path) -> dict[str, str]:
    """Make the oldest Python on which modules run. Tests find it in the environment."""
    wanted = VERSIONS["target"]
    python = interpreters.find(wanted["python"])
    if python is None:
        print(f"Skipped: modules on Python {wanted['python']}, which is not on this machine.")
        return {}
    environment = BUILD / f"target-{wanted['python']}"
    status, printed = install(environment, python, log, wanted["packages"])
    if status:
        sys.exit(f"Python {wanted['python']} for modules cannot be made:\n{printed}")
    return {"TARGET_PYTHON": str(environment / "bin" / "python")}


def test_core(core: AnsibleCore, variables: dict[str, str]) -> None:
    """Test one core."""
    python = next(filter(None, map(interpreters.find, reversed(core.pythons))), None)
    if python is None:
        core.note("skipped", f"this machine has no Python {' or '.join(core.pythons)}", failed=False)
        return
    log, environment = BUILD / f"{core.version}.log", BUILD / core.version
    log.unlink(missing_ok=True)
    development = ["-r", "requirements/dev.txt", "-c", "requirements/constraints.txt"]
    status, printed = install(environment, python, log, development, [core.package])
    if status:
        core.note("installation", last_lines(printed))
        return
    environment_python = environment / "bin" / "python"
    release = "import platform, ansible.release; print(ansible.release.__version__, platform.python_version())"
    core.version, core.python = run([environment_python, "-c", release], log)[1].split()[-2:]
    path = os.pathsep.join([str(environment_python.parent), os.environ["PATH"]])
    run_sanity(core, environment_python, log, PATH=path)
    run_tests(core, environment_python, log, PATH=path, **variables)


def run_sanity(core: AnsibleCore, python: Path, log: Path, **variables: str) -> None:
    """Run ansible-test of this core."""
    begun = time.monotonic()
    status, printed = run([python, "-m", "tests.tools.sanity"], log, **variables)
    core.sanity = f"{'FAILED' if status else 'passed'}, {minutes(time.monotonic() - begun)}"
    if status:
        core.note(
            "sanity", "\n".join(re.findall(r"^(?:ERROR|FATAL): .*", printed, re.MULTILINE)) or last_lines(printed)
        )


def run_tests(core: AnsibleCore, python: Path, log: Path, **variables: str) -> None:
    """Run the tests that may differ between cores. PYTEST_ADDOPTS adds to them."""
    command = [python, "-m", "pytest", "-q", "-n", "auto", "-m", "not once", "-p", "no:cacheprovider"]
    begun = time.monotonic()
    status, printed = run(command, log, **variables)
    core.tests = f"{last_lines(printed, 1).strip('= ').partition(' in ')[0]}, {minutes(time.monotonic() - begun)}"
    if status:
        core.note("tests", "\n".join(re.findall(r"^(?:FAILED|ERROR) .*", printed, re.MULTILINE)) or last_lines(printed))


def last_lines(text: str, number: int = 15) -> str:
    """Return the end of what was printed."""
    return "\n".join(text.rstrip().splitlines()[-number:])


def minutes(seconds: float) -> str:
    """Return a time as people read it."""
    return "{}:{:02}".format(*divmod(round(seconds), 60))


def table(tested: list[AnsibleCore]) -> str:
    """Return the result of each core."""
    rows = [["ansible-core", "Python", "sanity", "tests", "time", "result"]]
    rows += [
        [core.version, core.python, core.sanity, core.tests, minutes(core.seconds), core.result] for core in tested
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=False)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def main() -> int:
    """Test the cores named on the command line, or all."""
    tested = select_cores(sys.argv[1:])
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "target.log").unlink(missing_ok=True)
    variables = make_target_python(BUILD / "target.log")
    for core in tested:
        print(f"ansible-core {core.version} ...", end=" ", flush=True)
        begun = time.monotonic()
        test_core(core, variables)
        core.seconds = time.monotonic() - begun
        print(core.result, flush=True)
    print()
    print(table(sorted(tested, key=lambda core: [int(part) for part in re.findall(r"\d+", core.version)])))
    for core in tested:
        for text in core.notes:
            print(f"\n{text}")
        if core.failed and core.may_fail:
            print(f"This may fail: {core.may_fail}.")
    print(f"\nAll that was printed is in {BUILD.relative_to(ROOT)}/.")
    return status(tested)


def status(tested: list[AnsibleCore]) -> int:
    """Return the exit status: 1 if a required core failed, or if none could be tested."""
    if any(core.failed and not core.may_fail for core in tested):
        return 1
    return 0 if any(core.result == "passed" for core in tested) else 1


if __name__ == "__main__":
    sys.exit(main())
