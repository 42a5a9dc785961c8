#!/usr/bin/env bash
# Deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

deploy node-hello nodejs20.x index.handler index.js
call node-hello '{"name": "Ada"}'
