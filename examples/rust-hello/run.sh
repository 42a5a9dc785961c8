#!/usr/bin/env bash
# Builds this function, deploys it to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

need rustc
# Static: the file runs wherever the kernel does.
rustc --edition 2021 -O -C target-feature=+crt-static -C strip=symbols main.rs -o "$work/bootstrap"
cd "$work"
deploy rust-hello provided.al2023 bootstrap bootstrap
call rust-hello '{"name": "Ada"}'
