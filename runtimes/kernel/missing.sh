#!/bin/sh
# Prints the options of the fragments that a configuration does not have, in one line.
#   missing.sh FRAGMENTS CONFIG
# An option that needs another one falls back to "off" without a word.
set -eu
grep '^CONFIG_' "$1" | while IFS= read -r line; do
  name=${line%%=*}
  if [ "$line" = "$name=n" ]; then
    # Off is "# NAME is not set", or not there at all.
    if grep -q "^$name=" "$2"; then printf '%s ' "$line"; fi
  elif ! grep -qxF "$line" "$2"; then
    printf '%s ' "$line"
  fi
done
