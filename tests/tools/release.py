# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the artifact for Galaxy: 'importer' runs Galaxy's own importer on it, 'check' everything before a release.

The artifact is built from the tracked files in an empty folder, installed into an empty home with nothing but
ansible-core and requests, and run from there against the embedded SD Elements API.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.demo_server import DemoServer
from tests.tools import docs
from tests.tools.sanity import tracked_files

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
COLLECTION = "securitycompass.sdelements"
# Semantic versioning, as Galaxy wants it; a tag is the version, with nothing before it.
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
IMPORTER = """\
[galaxy-importer]
RUN_ANSIBLE_TEST = False
CHECK_CHANGELOG = True
CHECK_REQUIRED_TAGS = True
RUN_FLAKE8 = True
"""


def read_galaxy() -> dict:
    """Return galaxy.yml, the one place of the version."""
    return yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))


def run(*command: object, cwd: Path = ROOT, **variables: str) -> str:
    """Run a program in an empty home, and return what it prints. Ends the program if it fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "SDE_", "GALAXY_"))}
    environment = {**kept, "HOME": str(BUILD / "home"), "ANSIBLE_NOCOLOR": "1", **variables}
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nThis failed with {done.returncode}: {' '.join(words)}")
    return done.stdout


# -------------------------------------------------------------------------------------------------------------------
# Metadata


def version_problems(tag: str = "") -> list[str]:
    """Return where the version is another, or has a form that Galaxy does not take."""
    version = read_galaxy()["version"]
    changelog = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))
    newest = max(changelog["releases"], key=lambda name: [int(part) for part in re.findall(r"\d+", name)])
    headings = re.findall(
        r"^## v(\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("\\", ""), re.MULTILINE
    )
    problems = []
    if not VERSION.fullmatch(version):
        problems.append(f"galaxy.yml: {version} is not a semantic version")
    if newest != version:
        problems.append(f"changelogs/changelog.yaml: the newest release is {newest}, and galaxy.yml says {version}")
    if headings[:1] != [version]:
        problems.append(f"CHANGELOG.md begins with {headings[:1]}, and galaxy.yml says {version}")
    if tag and tag != version:
        problems.append(f"the tag is {tag}, and must be {version}, as in galaxy.yml")
    return problems + [
        f"{path}: {added} is added in a release to come" for path, added in versions_added() if is_later(added, version)
    ]


def versions_added() -> list[tuple[str, str]]:
    """Return each 'version_added' of plugins and roles, with its file."""
    paths = [path for pattern in ("plugins/**/*.py", "roles/*/meta/*.yml") for path in sorted(ROOT.glob(pattern))]
    found = ((path, re.findall(r"version_added: *[\"']?([\d.]+)", path.read_text(encoding="utf-8"))) for path in paths)
    return [(str(path.relative_to(ROOT)), added) for path, all_added in found for added in all_added]


def is_later(one: str, other: str) -> bool:
    """Tell whether a version is later than another."""
    first, second = ([int(part) for part in re.findall(r"\d+", version)[:3]] for version in (one, other))
    return first > second


def unreleased_fragments() -> list[str]:
    """Return the fragments that are in no release yet."""
    fragments = sorted((ROOT / "changelogs" / "fragments").glob("*.y*ml"))
    return [f"{path.relative_to(ROOT)} is in no release: run 'make changelog'" for path in fragments]


def current_tag() -> str:
    """Return the tag that is being released: TAG, or what git says of this commit."""
    if os.environ.get("TAG"):
        return os.environ["TAG"]
    command = ["git", "tag", "--points-at", "HEAD"]
    tags = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    return next((tag for tag in tags if re.search(r"\d+\.\d+", tag)), "")


def release_notes() -> str:
    """Return the changelog's section on the version, without its heading."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _head, *parts = re.split(r"^(?:<a id=[^\n]*\n)?## v(\S+)\n", changelog, flags=re.MULTILINE)
    # antsibull-changelog escapes punctuation.
    sections = {version.replace("\\", ""): text for version, text in zip(parts[::2], parts[1::2], strict=True)}
    return sections[read_galaxy()["version"]].strip() + "\n"


# -------------------------------------------------------------------------------------------------------------------
# The artifact


def build() -> Path:
    """Build the artifact from the tracked files, in an empty folder."""
    shutil.rmtree(BUILD, ignore_errors=True)
    source = BUILD / "source"
    (BUILD / "home").mkdir(parents=True)
    for name in tracked_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    readme = source / "README.md"
    # Galaxy shows the README alone, so relative links would lead nowhere there.
    readme.write_text(with_absolute_links(readme.read_text(encoding="utf-8")), encoding="utf-8")
    run("ansible-galaxy", "collection", "build", "--output-path", BUILD, source)
    return BUILD / f"{COLLECTION.replace('.', '-')}-{read_galaxy()['version']}.tar.gz"


def with_absolute_links(readme: str) -> str:
    """Return README.md with links to the repository at the tag of the version."""
    metadata = read_galaxy()
    return docs.rewrite_links(readme, ROOT / "README.md", {}, metadata["repository"], metadata["version"])


def importer_problems(artifact: Path) -> list[str]:
    """Return each line with which Galaxy's importer complains. It exits with 0 even then."""
    configuration = BUILD / "importer.cfg"
    configuration.write_text(IMPORTER, encoding="utf-8")
    printed = run(
        sys.executable, "-m", "galaxy_importer.main", artifact, cwd=BUILD, GALAXY_IMPORTER_CONFIG=str(configuration)
    )
    (BUILD / "importer.log").write_text(printed, encoding="utf-8")
    if "Importer processing completed successfully" not in printed:
        return ["the importer did not finish: see build/release/importer.log"]
    return importer_messages(printed)


def importer_messages(printed: str) -> list[str]:
    """Return the errors and warnings in the importer's log."""
    return re.findall(r"^.*\b(?:ERROR|WARNING|CRITICAL)\b.*$", printed, re.MULTILINE)


def install(artifact: Path) -> Path:
    """Install the artifact in an empty folder, with a Python that has ansible-core and requests. Return its bin."""
    venv = BUILD / "venv"
    run(sys.executable, "-m", "venv", venv)
    packages = ["ansible-core", "requests", "-c", ROOT / "requirements" / "constraints.txt"]
    # The caller's own settings say where packages come from, and some of them are in the home.
    home = {"HOME": os.environ.get("HOME", str(BUILD / "home"))}
    run(venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *packages, **home)
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(BUILD / "installed")}
    run(
        venv / "bin" / "ansible-galaxy",
        "collection",
        "install",
        "--offline",
        "-p",
        BUILD / "installed",
        artifact,
        cwd=BUILD,
        **settings,
    )
    return venv / "bin"


def check_installed(programs: Path) -> None:
    """Import every file of the installed collection, read every documentation, run a playbook."""
    installed = BUILD / "installed" / "ansible_collections" / COLLECTION.replace(".", "/")
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(BUILD / "installed"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
    }
    modules = [
        ".".join(path.relative_to(BUILD / "installed").with_suffix("").parts)
        for path in sorted(installed.glob("plugins/**/*.py"))
    ]
    loader = "from ansible.plugins.loader import init_plugin_loader; init_plugin_loader()"
    imports = "; ".join(f"importlib.import_module({name!r})" for name in modules)
    run(programs / "python", "-c", f"import importlib; {loader}; {imports}", cwd=BUILD, **settings)
    for kind, folder in (("module", "modules"), ("filter", "filter")):
        names = [f"{COLLECTION}.{path.stem}" for path in sorted((installed / "plugins" / folder).glob("[!_]*.py"))]
        printed = run(programs / "ansible-doc", "-t", kind, *names, cwd=BUILD, **settings)
        require_no_warning(printed)
    with DemoServer(generation="newest") as server:
        access = {"SDE_HOST": server.url, "SDE_API_KEY": server.token}
        printed = run(programs / "ansible-playbook", f"{COLLECTION}.list_connections", cwd=BUILD, **settings, **access)
    require_no_warning(printed)
    if "Rally Integration" not in printed:
        sys.exit(f"{printed}\nlist_connections does not list the connections.")


def require_no_warning(printed: str) -> None:
    """End the program if Ansible warns of something."""
    if "WARNING" in printed or "DEPRECAT" in printed:
        sys.exit(f"{printed}\nAnsible warns of something, see above.")


# -------------------------------------------------------------------------------------------------------------------


def print_problems(what: str, find: Callable[[], list[str]]) -> int:
    """Print whether something is in order. Return the number of its problems."""
    problems = find()
    print(f"{what}: {'not in order' if problems else 'in order'}", *problems, sep="\n  ", flush=True)
    return len(problems)


def main() -> int:
    """Run the importer, or all checks."""
    whole = sys.argv[1:] == ["check"]
    found = 0
    if whole:
        found += print_problems("Version", lambda: version_problems(current_tag()))
        found += print_problems("Changelog", unreleased_fragments)
    artifact = build()
    found += print_problems("Galaxy's importer", lambda: importer_problems(artifact))
    if whole:
        check_installed(install(artifact))
        print("Installed, imported and run in an empty home: in order")
        print(f"The artifact is {artifact.relative_to(ROOT)}.")
    if whole and not found:
        (BUILD / "notes.md").write_text(release_notes(), encoding="utf-8")
        print("The release notes are build/release/notes.md.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
