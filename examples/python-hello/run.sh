#!/usr/bin/env bash
# Deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

deploy python-hello python3.12 app.handler app.py
call python-hello '{"name": "Ada"}'
