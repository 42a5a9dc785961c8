#!/usr/bin/env bash
# Deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

deploy probe python3.12 probe.handler ./*.py
call probe '{"sections": ["ids", "privileges"]}'
