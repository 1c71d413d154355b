#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Make .venv as the requirements files want it. Usage: env.sh [demo|dev|bench]
set -euo pipefail
cd "$(dirname "$0")/../.."
# Ctrl-C means the whole script, not only the command that it interrupts.
trap 'exit 130' INT

requirements=${1:-dev}
python=${PYTHON:-python3}

# These settings of the caller's would change what gets installed, or where.
unset PYTHONHOME PYTHONPATH PIP_CONSTRAINT PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_TARGET PIP_USER UV_CONSTRAINT UV_OVERRIDE

# 'make' puts .venv first, which must not be made from itself.
PATH=${PATH//"$PWD/.venv/bin:"/}

if ! version=$("$python" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.version)' 2>/dev/null); then
    echo "Python 3.11 or newer is needed, and '$python' is older or does not start: name another with PYTHON=..." >&2
    exit 1
fi

# The only import path of the tests, and the one of users: ansible_collections.securitycompass.sdelements
link=collections/ansible_collections/securitycompass/sdelements
if [ ! "$link" -ef . ]; then
    rm -rf "$link"
    mkdir -p "$(dirname "$link")"
    ln -s ../../.. "$link"
fi

# Two runs at the same time would install over each other.
if command -v flock >/dev/null; then
    exec 9>.venv.lock
    flock 9
fi

# A stamp says what its environment was made from. The folder counts, because the scripts in it name it.
base="$PWD $version"
wanted="$base $(cat requirements/*.txt)"
stamped() { [ -f ".venv/.made-for-$1" ] && [ "$(cat ".venv/.made-for-$1")" = "$wanted" ]; }
# Each of these sets holds those before it.
sets=(demo dev bench)
for set in "${sets[@]}"; do
    [ "$set" = "$requirements" ] && is_enough=yes
    if [ -n "${is_enough:-}" ] && stamped "$set"; then
        exit 0
    fi
done

if [ ! -f .venv/.base ] || [ "$(cat .venv/.base)" != "$base" ]; then
    echo "Making .venv with Python ${version%% *} ..."
    rm -rf .venv
    "$python" -m venv .venv
    echo "$base" >.venv/.base
fi
rm -f .venv/.made-for-*

echo "Installing requirements/$requirements.txt ..."
cannot_install() {
    echo "The packages of requirements/$requirements.txt cannot be installed: pip's message above says why. Check the proxy" \
        "(HTTPS_PROXY) and the package index (PIP_INDEX_URL, 'pip config list')." >&2
    exit 1
}
files=(-r "requirements/$requirements.txt" -c requirements/constraints.txt)
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
# Without an index, or behind a proxy that does not answer, pip would try for minutes. One small package tells at once.
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
small_package=$(grep '^sqlparse==' requirements/constraints.txt)
if ! "${pip[@]}" --retries 1 --timeout 5 download --no-deps --dest "$probe" "$small_package" >"$probe/log" 2>&1; then
    cat "$probe/log" >&2
    cannot_install
fi
# uv is ten times faster. Where it cannot work (it does not read pip's configuration), pip does.
if ! { "${pip[@]}" install uv -c requirements/constraints.txt &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python "${files[@]}"; }; then
    "${pip[@]}" install "${files[@]}" || cannot_install
fi
echo "$wanted" >".venv/.made-for-$requirements"
