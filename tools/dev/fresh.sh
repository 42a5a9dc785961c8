# shellcheck shell=bash
# The verb test-fresh: what a new user does first, in a Debian 12 with nothing in it: quickstart
# from a clone, and the first hour with the package. Sourced by ./dev.
# shellcheck disable=SC2154  # root is set by ./dev

fresh_folder=$root/build/fresh
# What a Debian of a user has, where mmdebstrap's least does not.
fresh_base=(ca-certificates)

# make_fresh_base: the archive of a root, made once a list of mirrors; this host's own authorities
# are known in it, as mirrors may need them.
make_fresh_base() {
  local sources key authorities=/usr/local/share/ca-certificates
  sources=$(guest_sources)
  [[ -n $sources ]] || die "this host's apt knows no mirror of Debian bookworm"
  key=$(printf '%s\n' "$sources" "${fresh_base[@]}" | sha256sum | cut -c 1-12)
  fresh_archive=$fresh_folder/base-$key.tar
  [[ ! -e $fresh_archive ]] || return 0
  say "Making a Debian 12 with nothing in it (once; a minute)."
  mkdir -p "$fresh_folder"
  printf '%s\n' "$sources" >"$fresh_folder/sources.list"
  # shellcheck disable=SC2016  # mmdebstrap's shell expands
  as_root timeout 900 mmdebstrap --quiet --variant=minbase \
    --include="$(IFS=,; printf '%s' "${fresh_base[*]}")" \
    --customize-hook='mkdir -p "$1'"$authorities"'"; cp -rT '"$authorities"' "$1'"$authorities"'"' \
    --customize-hook='chroot "$1" update-ca-certificates >/dev/null' \
    --customize-hook='cp /etc/resolv.conf "$1/etc/"; echo fresh >"$1/etc/hostname"' \
    --customize-hook='echo "127.0.0.1 localhost fresh" >"$1/etc/hosts"' \
    bookworm "$fresh_folder/new.tar" "$fresh_folder/sources.list" \
    >"$fresh_folder/base.log" 2>&1 </dev/null || {
    tail -n 30 "$fresh_folder/base.log" >&2
    die "mmdebstrap could not make a Debian 12 (above)"
  }
  mv "$fresh_folder/new.tar" "$fresh_archive"
}

# make_fresh_root NAME: $fresh_root, with nothing of an earlier run in it.
make_fresh_root() {
  fresh_root=$fresh_folder/$1
  as_root rm -rf "$fresh_root"
  mkdir -p "$fresh_root"
  as_root tar -xf "$fresh_archive" -C "$fresh_root" --numeric-owner
}

in_fresh_root() { as_root tools/dev/in_root.sh "$fresh_root" "$@"; }

fresh_apt_get() {
  in_fresh_root online env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io "$@"
}

# fresh_quickstart: the first command of the README, in a clone of what is committed.
fresh_quickstart() {
  make_fresh_root quickstart
  git clone -q --no-hardlinks "$root" "$fresh_root/proa"
  fresh_apt_get update
  in_fresh_root online sh -c 'cd /proa && exec ./dev quickstart --stop-after'
}

# fresh_first_hour: from the package to its removal, as tests/fresh/test_first_hour.py says.
fresh_first_hour() {
  local package=$1
  make_fresh_root first-hour
  cp "$package" "$fresh_root/proa.deb"
  cp -r tests/fresh "$fresh_root/tests"
  fresh_apt_get update
  fresh_apt_get install /proa.deb
  in_fresh_root offline sh -c 'cd /tests && exec python3 -B -m unittest -v -f test_first_hour'
}

verb_test_fresh() {
  local begin=$SECONDS what package status=0
  local -a parts=("$@")
  [[ ${#parts[@]} -gt 0 ]] || parts=(quickstart first-hour)
  for what in "${parts[@]}"; do
    [[ $what == quickstart || $what == first-hour ]] ||
      die "test-fresh knows quickstart and first-hour, not '$what'"
  done
  ensure_packages guest
  make_fresh_base
  for what in "${parts[@]}"; do
    say "" "== $what"
    begin=$SECONDS
    if [[ $what == quickstart ]]; then
      fresh_quickstart || status=1
    else
      ensure_packages build bundle package
      make_bundled
      package=$(make_package)
      fresh_first_hour "$package" || status=1
    fi
    say "$what took $((SECONDS - begin)) s"
  done
  as_root rm -rf "$fresh_folder/quickstart" "$fresh_folder/first-hour"
  [[ $status -eq 0 ]] || die "test-fresh failed (above)"
}
