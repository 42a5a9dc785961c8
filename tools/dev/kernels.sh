# shellcheck shell=bash
# The verb kernels. Sourced by ./dev.
# shellcheck disable=SC2154  # root is set by ./dev

kernels_folder=$root/build/kernels
kernels_waits=600  # tenths of a second until a daemon is ready

# kernels_end: the daemon and its folder go, also after a failure.
kernels_end() {
  if [[ -n ${kernels_pid:-} ]]; then
    as_root kill -TERM "$kernels_pid" 2>/dev/null || true
    wait "$kernels_pid" 2>/dev/null || true
  fi
  as_root rm -rf "$kernels_work"
}

# kernels_start_daemon PROGRAM: sets kernels_pid and kernels_endpoint.
kernels_start_daemon() {
  local tries
  local -a words=("$1" serve --config /dev/null --listen 127.0.0.1:0 --data "$kernels_work/data")
  as_root mkdir -p "$kernels_work/data"
  # No function in the background: its process would be a shell that a signal ends alone.
  [[ $EUID -eq 0 ]] || words=(sudo "${words[@]}")
  "${words[@]}" </dev/null >"$kernels_work/out" 2>"$kernels_work/log" &
  kernels_pid=$!
  for ((tries = 0; tries < kernels_waits; tries++)); do
    kernels_endpoint=$(grep -o -m 1 'http://127.0.0.1:[0-9]*' "$kernels_work/out") && return
    [[ -e /proc/$kernels_pid ]] || break
    sleep 0.1
  done
  tail -n 20 "$kernels_work/log" >&2
  die "the daemon did not become ready (its output is above)"
}

# What was built before is given to the daemon before its first start, which signs what is intact.
# It builds nothing that is there.
kernels_give_cached() {
  local each data=$kernels_work/data/kernels
  as_root mkdir -p "$data"
  for each in "$kernels_folder"/*/; do
    [[ -e $each/manifest.json ]] || continue
    as_root cp -r "$each" "$data/"
  done
}

verb_kernels() {
  local program=$root/build/${PROA_PRESET:-release}/bin/proa name
  [[ $# -gt 0 ]] || set -- net
  ensure_packages run kernel
  if [[ -z ${PROA_PRESET:-} ]]; then
    build_preset release proa proa-launcher proa-init
  fi
  kernels_work=$(mktemp -d)
  chmod 755 "$kernels_work"
  trap kernels_end EXIT
  kernels_give_cached
  kernels_start_daemon "$program"
  for name in "$@"; do
    PROA_ENDPOINT=$kernels_endpoint "$program" kernel build "$name"
  done
  # Those that newer ones have replaced are gone.
  mkdir -p "$root/build"
  as_root rm -rf "$kernels_folder.new"
  as_root cp -r "$kernels_work/data/kernels" "$kernels_folder.new"
  as_root chown -R --reference="$root" "$kernels_folder.new"
  rm -rf "$kernels_folder"
  mv "$kernels_folder.new" "$kernels_folder"
  PROA_ENDPOINT=$kernels_endpoint "$program" kernel list
  say "They are in build/kernels/, for tests to copy."
}
