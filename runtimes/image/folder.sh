#!/bin/sh
# Makes an erofs image of a folder, as this user sees it, and writes it to descriptor 4.
set -eu

if ! command -v mkfs.erofs > /dev/null; then
  echo "mkfs.erofs is not on this host: install the package erofs-utils" >&2
  exit 127
fi
# Without compression: starting from it is faster. Times stay: Python compares those of its sources
# with what its compiled files say.
mkfs.erofs -d0 --quiet -x-1 --all-root --preserve-mtime \
  -U 00000000-0000-0000-0000-000000000000 /tmp/image "$1"
cat /tmp/image >&4
