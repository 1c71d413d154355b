# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Returns the JSON of a file: Ansible's own floor for a result of that size, by a module."""

from __future__ import annotations

import json
import os

from ansible.module_utils.basic import AnsibleModule


def main():
    """Return the content of the file in SDE_BENCH_FACTS_FILE."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    with open(os.environ["SDE_BENCH_FACTS_FILE"], encoding="utf-8") as file:
        module.exit_json(changed=False, **json.load(file))


if __name__ == "__main__":
    main()
