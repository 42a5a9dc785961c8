# shellcheck shell=bash
# The verb bundled: the packages that functions find without shipping them, as on Lambda. Made once
# for all presets; CMake links build/PRESET/share/proa/bundled to them. Sourced by ./dev.
# shellcheck disable=SC2154  # root is set by ./dev

bundled_folder=$root/build/bundled
bundled_lock=$root/runtimes/node/bundled/package-lock.json
debian_packages=/usr/lib/python3/dist-packages
# boto3 and all that it imports. requests and what follows it: Debian's botocore imports them.
bundled_python=(boto3 botocore s3transfer jmespath dateutil urllib3 six.py
  requests certifi chardet idna)

# The functions below run where `set -e` does not reach: their failures are returned.

# is_made PART KEY: whether PART was made from what KEY names.
is_made() { [[ $(cat "$bundled_folder/$1.made" 2>/dev/null) == "$2" ]]; }

# replace_part PART KEY: the finished folder PART.new becomes PART.
replace_part() {
  chmod -R a+rX "$bundled_folder/$1.new" &&
    rm -rf "${bundled_folder:?}/$1" "$bundled_folder/$1.made" &&
    mv "$bundled_folder/$1.new" "$bundled_folder/$1" &&
    printf '%s\n' "$2" >"$bundled_folder/$1.made"
}

# Containers hide dist-packages, whose other packages would hide that a function lacks them.
bundle_python() {
  local key part info target=$bundled_folder/python.new interpreter
  key="$(dpkg-query -W python3-boto3 python3-botocore python3-s3transfer 2>/dev/null |
    tr '\t\n' '  ')${bundled_python[*]}"
  ! is_made python "$key" || return 0
  rm -rf "$target"
  mkdir -p "$target" || return 1
  for part in "${bundled_python[@]}"; do
    cp -a --no-preserve=ownership "$debian_packages/$part" "$target/" || return 1
    for info in "$debian_packages/${part%.py}"-*.egg-info; do
      [[ ! -e $info ]] || cp -a --no-preserve=ownership "$info" "$target/"
    done
  done
  # Byte code of Debian's Python came along; of the others it saves a second of each cold import.
  for interpreter in "$HOME"/.pyenv/versions/3.*/bin/python3; do
    [[ ! -x $interpreter ]] || "$interpreter" -m compileall -q "$target" >/dev/null 2>&1 || true
  done
  replace_part python "$key" || return 1
  say "Bundled boto3 and what it needs from Debian's packages: build/bundled/python"
}

bundle_node() {
  local key target=$bundled_folder/node.new
  key=$(sha256sum <"$bundled_lock")
  ! is_made node "$key" || return 0
  rm -rf "$target"
  mkdir -p "$target" && cp runtimes/node/bundled/package.json "$bundled_lock" "$target/" || return 1
  (cd "$target" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) </dev/null ||
    return 1
  replace_part node "$key" || return 1
  say "Bundled the @aws-sdk clients: build/bundled/node/node_modules"
}

# make_bundled: what cannot be had is left out, with a warning: Proa runs without.
make_bundled() {
  mkdir -p "$bundled_folder"
  bundle_python || warn "no bundled boto3: functions that import it without shipping it will fail"
  bundle_node || warn "npm could not install the bundled @aws-sdk packages (messages above):" \
    "functions that import them without shipping them will fail"
}

verb_bundled() {
  ensure_packages bundle
  make_bundled
}
