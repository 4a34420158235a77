#!/usr/bin/env bash
# Compares the forward pass with PyTorch eager on this machine's CPU and prints a Markdown table.
# Installs PyTorch from PyPI into target/peers, several GB, on the first call; CI never runs this.
#
#   benches/peers/run.sh [--rounds N] [--seconds S] [--only emoji S/2 B/2 XL/2]
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet
venv=${REFRAIN_PEERS:-target/peers}
if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet torch numpy >&2
fi
exec "$venv/bin/python" benches/peers/forward.py "$@"
