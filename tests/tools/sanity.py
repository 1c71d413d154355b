# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test's sanity tests on a copy of the tracked files."""

from __future__ import annotations

import ast
import configparser
import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.tools import interpreters

ROOT = Path(__file__).resolve().parents[2]
# Below the virtual environment, so that those that it makes live as long as the ansible-core that made them.
SCRATCH = Path(sys.prefix) / "sanity"
HOME = SCRATCH / "home"
# ansible-test works nowhere else than below such a path, and not through a symbolic link.
COPY = SCRATCH / "ansible_collections" / "securitycompass" / "sdelements"

# The script with which ansible-test installs pip in a virtual environment; it would download it from a host of its own.
GET_PIP = """\
import runpy, sys
wheel = {wheel!r}
unwanted = ("pip==", "--no-setuptools", "--no-wheel")
sys.argv[1:] = ["install", wheel] + [a for a in sys.argv[1:] if not a.startswith(unwanted)]
sys.path.insert(0, wheel)
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
# The settings of pip that decide where packages come from.
PIP_SETTINGS = (
    "cert",
    "client-cert",
    "extra-index-url",
    "find-links",
    "index-url",
    "no-index",
    "proxy",
    "trusted-host",
)


def tracked_files() -> list[str]:
    """Return all files that git tracks or would track, and that are there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = os.fsdecode(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout).split("\0")
    # A tracked file may have been removed from the work tree.
    return [name for name in listed if name and os.path.lexists(ROOT / name)]


def copy_files() -> None:
    """Copy the tracked files to where ansible-test works."""
    shutil.rmtree(COPY, ignore_errors=True)
    for name in tracked_files():
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name, follow_symlinks=False)
    # ansible-test asks the nearest repository which files count, and in ours all of .venv is ignored.
    subprocess.run(["git", "init", "--quiet", "--template="], cwd=COPY, check=True)


def provide_get_pip() -> None:
    """Give ansible-test the pip that it wants, taken from where all other packages come from."""
    spec = importlib.util.find_spec("ansible_test")
    if spec is None or spec.origin is None:
        sys.exit("ansible-core is not installed: run 'make env'.")
    source = Path(spec.origin).parent / "_internal" / "python_requirements.py"
    cache = HOME / ".ansible" / "test" / "cache"
    for version in re.findall(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8")):
        wheel = cache / f"pip-{version}-py3-none-any.whl"
        if not wheel.exists():
            pip("download", "--quiet", "--no-deps", "--dest", str(cache), f"pip=={version}")
        script = GET_PIP.format(wheel=str(wheel))
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(script, encoding="utf-8")


def configure_pip() -> None:
    """Repeat the caller's settings in a file, since ansible-test passes on neither the environment nor HOME."""
    settings = {"quiet": "2"}
    # The environment wins over files.
    for line in sorted(pip("config", "list").splitlines(), key=lambda line: line.startswith(":env:")):
        name, _equals, value = line.partition("=")
        if (key := name.rpartition(".")[2]) in PIP_SETTINGS:
            settings[key] = ast.literal_eval(value)
    for key, variable in (("cert", "REQUESTS_CA_BUNDLE"), ("proxy", "HTTPS_PROXY"), ("proxy", "https_proxy")):
        if os.environ.get(variable):
            settings.setdefault(key, os.environ[variable])
    configuration = configparser.RawConfigParser()
    configuration["global"] = settings
    path = HOME / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    # An index may have a password in its address.
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as file:
        configuration.write(file)


def pip(*arguments: str) -> str:
    """Run pip and return its output."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def working_path() -> str:
    """Return a PATH without any folder that holds a Python that does not start."""
    pythons = re.compile(r"python3\.\d+")
    working = [
        folder
        for folder in interpreters.search_folders()
        if all(interpreters.can_run(path) for path in folder.glob("python3.*") if pythons.fullmatch(path.name))
    ]
    return os.pathsep.join(map(str, working))


def quick() -> list[str]:
    """Return the arguments that leave out what "ruff check" finds, too: errors in tests/ and on other Pythons."""
    return ["--exclude", "tests/", "--python", f"{sys.version_info.major}.{sys.version_info.minor}"]


def environment() -> dict[str, str]:
    """Return the caller's environment without what would change the outcome."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    return {**kept, "HOME": str(HOME), "PATH": working_path()}


def main() -> int:
    """Run ansible-test with the arguments of the command line, or with those of --quick."""
    arguments = quick() if sys.argv[1:] == ["--quick"] else sys.argv[1:]
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy_files()
        configure_pip()
        provide_get_pip()
        command = [Path(sys.prefix) / "bin" / "ansible-test", "sanity", "--local", "--color", "no", *arguments]
        return subprocess.run(command, cwd=COPY, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
