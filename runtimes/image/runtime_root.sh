#!/bin/sh
# Puts our bootstraps and bundled packages into the root of a runtime image, which is at /var/task
# here, and makes an image of both: what the launcher shows containers of such a root.
set -eu

root=/tmp/root
mkdir "$root"
cp -a /var/task/. "$root/"
# Links of a foreign root lead nowhere but inside: these are folders, and no links.
for folder in var var/runtime; do
  if [ -L "$root/$folder" ] || [ ! -d "$root/$folder" ]; then
    echo "/$folder of the runtime image is no folder" >&2
    exit 1
  fi
done
rm -rf "$root/var/runtime"
cp -a /var/runtime "$root/var/runtime"
exec /var/runtime/image/folder.sh "$root"
