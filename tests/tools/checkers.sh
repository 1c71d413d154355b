#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Install the foreign programs that check what the collection writes: Debian packages, and npm packages into .venv.
# Where that cannot be done, the tests that need them are skipped and say so; with CI=true they fail instead.
set -euo pipefail
cd "$(dirname "$0")/../.."
trap 'exit 130' INT

declare -A packages=([chromium]=chromium [nft]=nftables [promtool]=prometheus)
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
