#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Write requirements/constraints.txt anew, with the newest versions of everything in bench.txt, which holds dev.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Address-free, so that anyone's registry will do.
new=$(uv pip compile --quiet --universal --python-version 3.11.0 --upgrade --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links requirements/bench.txt)
{
    sed -n 2,3p "$0"
    echo "# Written by 'make lock'. It must name no address."
    echo "$new"
} >requirements/constraints.txt
