#!/usr/bin/env bash
# in_root.sh ROOT online|offline COMMAND...: runs a command in another root file system as on a
# machine of its own: own processes, control groups and mounts, and, offline, a network with
# nothing but loopback. As root. Fails when the command does, or when it leaves a control group.
set -euo pipefail

root=$(realpath "$1") network=$2
shift 2
group=proa-fresh-$$
# Lines "TARGET TYPE OPTIONS" of every hierarchy.
hierarchies=$(findmnt -t cgroup,cgroup2 -n -r -o TARGET,FSTYPE,FS-OPTIONS)

# A cpuset of v1 takes no process before it has processors and memory.
make_groups() {
  local target file
  while read -r target _ _; do
    mkdir "$target/$group"
    for file in cpuset.cpus cpuset.mems; do
      [[ ! -e $target/cgroup.clone_children || ! -e $target/$file ]] ||
        cat "$target/$file" >"$target/$group/$file"
    done
  done <<<"$hierarchies"
}

# Those of a command that cleaned up behind itself are empty.
remove_groups() {
  local target status=0
  while read -r target _ _; do
    rmdir "$target/$group" 2>/dev/null && continue
    printf 'in_root: left behind: %s\n' \
      "$(find "$target/$group" -mindepth 1 -type d | head -n 1)" >&2
    find "$target/$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    status=1
  done <<<"$hierarchies"
  return "$status"
}

# Runs in the new namespaces, still in the old root.
enter() {
  local target type options
  mount --bind "$root" "$root"
  cd "$root"
  mount --rbind /dev dev
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t tmpfs -o mode=755 run run
  mount -t tmpfs -o mode=1777 tmp tmp
  while read -r target type options; do
    if [[ $target != /sys/fs/cgroup && ! -d .$target ]]; then
      mountpoint -q ./sys/fs/cgroup || mount -t tmpfs -o mode=755 cgroups ./sys/fs/cgroup
      mkdir ".$target"
    fi
    mount -t "$type" -o "$options" "$type" ".$target"
  done <<<"$hierarchies"
  [[ $network == online ]] || ip link set lo up
  mkdir -p old_root
  pivot_root . old_root
  exec "$@"
}

if [[ ${in_root_entered:-} ]]; then
  group=${in_root_group:?}
  unset in_root_entered in_root_group
  enter "$@"
fi

make_groups
spaces=(--mount --pid --ipc --uts --cgroup --fork --kill-child)
[[ $network == online ]] || spaces+=(--net)
status=0
# The last shell stays: as process 1 it reaps what has lost its parent.
(
  while read -r target _ _; do
    echo "$BASHPID" >"$target/$group/cgroup.procs"
  done <<<"$hierarchies"
  in_root_entered=1 in_root_group=$group exec unshare "${spaces[@]}" -- \
    bash "${BASH_SOURCE[0]}" "$root" "$network" \
    sh -c 'cd / && umount -l /old_root && rmdir /old_root || exit 1; "$@"; exit $?' sh \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LANG=C.UTF-8 ${NODE_EXTRA_CA_CERTS:+"NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS"} "$@"
) || status=$?
remove_groups || status=1
exit "$status"
