#!/usr/bin/env bash
# Deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

CREATE_OPTIONS='--environment Variables={ALGORITHM=sha1}'
deploy node-esm nodejs20.x index.handler index.mjs
call node-esm '{"text": "Ada"}'
