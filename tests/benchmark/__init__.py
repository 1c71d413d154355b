# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: time and memory of the collection, compared with what people use today: ``make bench``.

The modules: `scenarios` (sizes and latencies), `candidates` (what is compared; their tasks are in `tasks/`, and
what Ansible loads for them in `plugins/`), `dataset` and `server` (the API), `requests_script` (plain requests),
`process` (one run, measured), `runner` (interleaved runs), `report` and `plot` (the results).

The measures: the seconds of a play go from the start of its first task to the end of the play, as a
callback plugin sees it. So they hold everything that happens in and between tasks, and not the start of Ansible,
which takes longer than a small task and varies by more than such a task takes. This could hide work that is
put off to the end of the process, or done before the first task, so the wall time of the whole process, less that
of a play without tasks in the same round, is in the next column of the table. The two must agree.
The seconds of a plain script go from after its imports to the whole list: the strictest limit.

Memory is the sum of the resident sets over the process tree. Shared memory of forked processes counts once for each of
them, so it is an upper bound; what lives for less than the 20 ms between two samples may be missed.
"""

from __future__ import annotations
