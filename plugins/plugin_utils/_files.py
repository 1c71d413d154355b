# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: find and read the files that options of a task name."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.yaml.loader import AnsibleLoader
from yaml import MarkedYAMLError, YAMLError

from ..module_utils._errors import OptionError, SDElementsError
from ..module_utils._redact import scrub_text
from ._native_types import to_builtin_types


def _parse(text: str, yaml_loader: Callable[[str], Any]) -> Any:
    try:
        return json.loads(text)  # Ansible's YAML loader takes long for a large file
    except (ValueError, RecursionError):
        return yaml_loader(text).get_single_data()


class TaskFiles:
    """Reads files as Ansible does: next to the playbook or in the roles, and decrypted if they are encrypted."""

    def __init__(self, find: Callable[[str, str], str], loader: DataLoader) -> None:
        self._find_needle = find
        self._loader = loader

    def read(
        self,
        option: str,
        name: str,
        parse: Callable[[str, Callable[[str], Any]], Any] = _parse,
        kind: str = "option",
        advice: str = "",
    ) -> Any:
        """Return the values of a YAML or JSON file. 'parse' reads them from its text, with a YAML loader.

        Raises an SDElementsError of this kind, with this advice.
        """
        path = self.find(option, name, advice)
        try:
            text = Path(self._loader.get_real_file(path)).read_text(encoding="utf-8")
            return to_builtin_types(parse(text, self._yaml_loader))
        except (AnsibleError, YAMLError, OSError, ValueError, RecursionError) as exc:
            reason = "it is a folder" if Path(path).is_dir() else _reason(exc)
            raise SDElementsError(kind, f"{option}: {name} cannot be read: {reason}.", advice) from exc

    def find(self, option: str, name: str, advice: str = "") -> str:
        """Return the path of a file, or raise an OptionError."""
        try:
            return self._find_needle("files", name)
        except AnsibleError:
            if _is_file(name):
                return str(Path(name).absolute())
            shown = scrub_text(name)
            if os.path.islink(name):  # noqa: PTH114 (Path.is_symlink fails where a name is too long)
                raise OptionError(f"{option}: {shown} is a link to a file that does not exist.", advice) from None
            raise OptionError(f"{option}: file {shown} not found next to the playbook or in {Path.cwd()}.") from None

    def _yaml_loader(self, text: str) -> Any:
        # Up to ansible-core 2.18, values with !vault need the secrets.
        if "vault_secrets" in signature(AnsibleLoader).parameters:
            return AnsibleLoader(text, vault_secrets=self._loader._vault.secrets)
        return AnsibleLoader(text)


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file fails where a name is too long)


def _reason(exc: BaseException) -> str:
    """Return why a file cannot be read, without the lines of the file that ansible-core would show."""
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    if isinstance(exc, UnicodeError):
        return "it is not valid UTF-8"
    if isinstance(exc, RecursionError):
        return "it refers to itself, or is nested too deeply"
    if isinstance(exc, MarkedYAMLError) and exc.problem_mark:
        return f"line {exc.problem_mark.line + 1} is not valid YAML ({exc.problem})"
    return scrub_text(str(exc).splitlines()[0].rstrip("."))


def find_files(option: str, patterns: list[str], advice: str) -> list[str]:
    """Return the files that match names and globs, each once."""
    found: dict[str, str] = {}
    for pattern in patterns:
        path = os.path.expanduser(pattern.strip())  # noqa: PTH111 (Path.expanduser fails for an unknown user)
        matches = glob.glob(path, recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
        files = [path] if _is_file(path) else sorted(filter(_is_file, matches))
        if not files:
            raise OptionError(f"{option}: no file matches {pattern} (searched from {Path.cwd()}).", advice)
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def read_json(option: str, path: str, advice: str) -> Any:
    """Return the value of a JSON file."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as exc:
        raise OptionError(f"{option}: {path} cannot be read: {exc.strerror}.", "Check its permissions.") from None
    except (ValueError, RecursionError):  # their texts may quote the file
        raise OptionError(f"{option}: {path} is not valid JSON.", advice) from None
