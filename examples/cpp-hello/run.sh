#!/usr/bin/env bash
# Builds this function, deploys it to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

need g++
# Static: the file runs wherever the kernel does.
g++ -std=c++20 -O2 -Wall -Wextra -static -s main.cpp -o "$work/bootstrap"
cd "$work"
deploy cpp-hello provided.al2023 bootstrap bootstrap
call cpp-hello '{"name": "Ada"}'
