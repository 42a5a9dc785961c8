#!/usr/bin/env bash
# Deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

need curl
deploy bash-hello provided.al2023 function.hello bootstrap function.sh
call bash-hello '{"name": "Ada"}'
