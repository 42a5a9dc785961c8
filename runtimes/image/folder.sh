#!/bin/sh
# Makes an erofs image of a folder, as this user sees it, and writes it to descriptor 4.
set -eu

if ! command -v mkfs.erofs > /dev/null; then
  echo "mkfs.erofs is not on this host: install the package erofs-utils" >&2
  exit 127
fi
source=$1
# What this user may not read, the function, which is the same user, could not read either: it is in
# the image with its rights, and empty.
hidden='( -type d ( ! -readable -o ! -executable ) -o -type f ! -readable )'
# shellcheck disable=SC2086  # it is several words
if [ -n "$(find "$source" $hidden -print -prune | head -c 1)" ]; then
  source=/tmp/source
  mkdir "$source"
  cd "$1"
  find . $hidden -prune -o -print0 > /tmp/shown
  tar --null --no-recursion -T /tmp/shown -cf /tmp/shown.tar
  tar -C "$source" -xpf /tmp/shown.tar
  rm /tmp/shown.tar
  find . $hidden -prune -exec sh -c '
    for each; do
      if [ -d "$each" ]; then mkdir "$0/$each"; else : > "$0/$each"; fi
      chmod "$(stat -c %a "$each")" "$0/$each"
    done' "$source" {} +
fi
# Without compression: starting from it is faster. Times stay: Python compares those of its sources
# with what its compiled files say.
mkfs.erofs -d0 --quiet -x-1 --all-root --preserve-mtime \
  -U 00000000-0000-0000-0000-000000000000 /tmp/image "$source"
cat /tmp/image >&4
