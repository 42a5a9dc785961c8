#!/usr/bin/env bash
# Builds AWS's Node client (once: 2 minutes), deploys this function to Proa and calls it.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=examples/deploy.sh
source ../deploy.sh

# The client compiles curl and a C++ library of AWS.
need npm g++ make cmake autoreconf automake libtoolize python3
cache=${XDG_CACHE_HOME:-$HOME/.cache}/proa/node-ric-$(sha256sum <package-lock.json | head -c 16)
if [[ ! -f $cache/made ]]; then
  mkdir -p "$cache"
  cp package.json package-lock.json "$cache/"
  # Node's headers where the distribution has them; else node-gyp fetches them.
  [[ ! -f /usr/include/node/node.h ]] || export npm_config_nodedir=/usr
  (cd "$cache" && npm ci --no-audit --no-fund >install.log 2>&1) || {
    tail -n 20 "$cache/install.log" >&2
    exit 1
  }
  touch "$cache/made"
fi

# What runs, without what it was built from (164 MB).
ric=node_modules/aws-lambda-ric
mkdir -p "$work/package/$ric"
cp bootstrap index.mjs package.json "$work/package/"
(cd "$cache" && cp -r --parents $ric/{bin,dist,package.json} "$work/package/")
chmod +x "$work/package/bootstrap"
cd "$work/package"
deploy node-ric provided.al2023 index.handler .
call node-ric '{"name": "Ada"}'
