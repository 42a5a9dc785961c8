# shellcheck shell=bash
# The verb test-guest: the Debian package, and the tests that need a host of another kind, in a
# Debian 12 of its own: systemd, cgroup v2 only, Linux 6.1, booted by QEMU without KVM and without a
# network. Sourced by ./dev.
# shellcheck disable=SC2154  # root and cores are set by ./dev

guest_folder=$root/build/guest
guest_seconds=${PROA_GUEST_SECONDS:-2400}
# What the guest has besides what the package depends on.
guest_packages=(systemd-sysv udev dbus iproute2 procps initramfs-tools linux-image-cloud-amd64
  python3 python3-boto3 nodejs passt nftables libasan8 libubsan1 man-db)

# guest_sources: this host's own Debian mirrors, as lines of a sources.list.
guest_sources() {
  # shellcheck disable=SC2016  # apt expands
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep -E ' bookworm(-updates|-security)? main$' | sort -u
}

# guest_unit: what the guest does once it is up: what run.py says, then off.
guest_unit() {
  cat <<'UNIT'
[Unit]
Description=Tests of Proa
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStartPre=/bin/mount -o ro /dev/vdb /guest
ExecStart=/usr/bin/python3 -B /guest/run.py /guest
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0

[Install]
WantedBy=graphical.target
UNIT
}

# make_guest_root PACKAGE: the guest's disk, made anew when the list of packages changes; sets
# guest_root to the folder of root.img, vmlinuz and initrd.
make_guest_root() {
  local needed key work
  needed=$(dpkg-deb -f "$1" Depends | sed -E 's/ *\([^)]*\)//g; s/ *\|[^,]*//g; s/ //g')
  key=$(printf '%s\n' "$needed" "${guest_packages[@]}" "$(guest_unit)" | sha256sum | cut -c 1-12)
  guest_root=$guest_folder/root-$key
  [[ ! -e $guest_root/root.img ]] || return 0
  say "Making the guest's root (once; some minutes)."
  as_root rm -rf "$guest_folder"/root-*
  mkdir -p "$guest_root"
  work=$guest_root/tree
  guest_sources >"$guest_root/sources.list"
  [[ -s $guest_root/sources.list ]] || die "this host's apt knows no mirror of Debian bookworm"
  guest_unit >"$guest_root/guest-tests.service"
  # shellcheck disable=SC2016  # mmdebstrap's shell expands
  as_root timeout 900 mmdebstrap --quiet --variant=minbase \
    --include="$needed,$(IFS=,; printf '%s' "${guest_packages[*]}")" \
    --customize-hook='mkdir "$1/guest"; echo guest >"$1/etc/hostname"' \
    --customize-hook='echo "127.0.0.1 localhost guest" >"$1/etc/hosts"' \
    --customize-hook="copy-in '$guest_root/guest-tests.service' /etc/systemd/system" \
    --customize-hook='chroot "$1" systemctl --quiet enable guest-tests.service' \
    bookworm "$work" "$guest_root/sources.list" >"$guest_folder/root.log" 2>&1 </dev/null || {
    tail -n 30 "$guest_folder/root.log" >&2
    die "mmdebstrap could not make the guest's root (above)"
  }
  as_root sh -c 'cp "$1"/boot/vmlinuz-* "$2/vmlinuz"; cp "$1"/boot/initrd.img-* "$2/initrd"
    truncate -s 4G "$2/new.img"; mkfs.ext4 -q -F -d "$1" "$2/new.img"
    rm -rf "$1"; mv "$2/new.img" "$2/root.img"; chown -R "$3" "$2"' sh \
    "$work" "$guest_root" "$(id -u):$(id -g)"
}

# Write hundreds of megabytes, in minutes there, into what is the same on every host.
guest_left_out='*LoopDiskTest.TakesItsWholeSize*:DiskImage.SparseCopies*'

# guest_plan SHELL [PATTERN...]: what the guest runs, for tests/guest/run.py: the tests whose names
# have one of the patterns in them, those of the package before the C++ tests.
guest_plan() {
  local shell=$1 script pattern
  local -a scripts=()
  shift
  pattern=$(IFS='|'; printf '%s' "$*")
  for script in tests/guest/test_*.py; do scripts+=("$(basename "$script" .py)"); done
  ctest --test-dir build/dev -L '^guest$' --show-only=json-v1 |
    jq --arg root "$root" --arg filter "-$guest_left_out" --arg scripts "${scripts[*]}" \
      --arg pattern "$pattern" --argjson shell "$shell" \
      '{root: $root, shell: $shell, tests: ([$scripts | split(" ")[] |
      {name: ("guest." + ltrimstr("test_")), timeout: 300,
      command: ["/usr/bin/python3", "-B", "-m", "unittest", "-v", .],
      folder: ($root + "/tests/guest"),
      environment: {PROA_BINARY_DIR: "/usr/bin", PROA_SOURCE_DIR: $root}}] +
      [.tests[] | {name, command, folder: $root,
      timeout: (.properties[] | select(.name == "TIMEOUT").value),
      environment: {GTEST_FILTER: $filter}}]) | map(select(.name | test($pattern)))}'
}

# guest_programs: the programs of the C++ tests of the plan, one a line.
guest_programs() {
  jq -r '.tests[].name' "$guest_folder/plan.json" |
    sed -nE 's/^unit\.(.*)/\1_test/p; s/^integration\.(.*)/\1_integration_test/p'
}

# make_guest_tests PACKAGE PROGRAM...: the second disk: the package, the plan, the built tests and
# what they read.
make_guest_tests() {
  local tree=$guest_folder/tests/tree program
  rm -rf "$guest_folder/tests" "$guest_folder/tests.img"
  mkdir -p "$tree/build/dev/bin"
  cp "$1" "$guest_folder/tests/proa.deb"
  cp tests/guest/run.py "$guest_folder/plan.json" "$guest_folder/tests/"
  cp -r runtimes tests examples "$tree/"
  shift
  for program in "$@"; do
    strip --strip-debug -o "$tree/build/dev/bin/$program" "build/dev/bin/$program"
  done
  mkfs.ext4 -q -d "$guest_folder/tests" "$guest_folder/tests.img" 2G
}

# start_guest OPTION...: QEMU in the foreground, at most guest_seconds; where its serial console
# goes is for the options to say. The guest's clock counts its own instructions, one a nanosecond:
# no limit of time runs out there because this host is busy or slow. It has one processor because
# QEMU then runs all of them in one thread.
start_guest() {
  timeout --foreground -k 10 "$guest_seconds" qemu-system-x86_64 -M q35 -cpu max -smp 1 -m 2048 \
    -accel tcg -icount shift=0,sleep=on -nodefaults -display none -no-reboot \
    -kernel "$guest_root/vmlinuz" -initrd "$guest_root/initrd" \
    -append "root=/dev/vda rw console=ttyS0 quiet panic=1 systemd.show_status=0 no_timer_check \
      systemd.mask=serial-getty@ttyS0.service tsc_early_khz=1000000 tsc=reliable lpj=4000000" \
    -drive "file=$guest_root/root.img,if=virtio,format=raw,cache=unsafe,snapshot=on" \
    -drive "file=$guest_folder/tests.img,if=virtio,format=raw,readonly=on" \
    -device virtio-rng-pci -device virtio-serial-pci "$@"
}

# boot_guest: runs the guest until it is off; shows its results as they come.
boot_guest() {
  local results=$guest_folder/results.log console=$guest_folder/console.log qemu status=0
  : >"$results"
  start_guest -serial "file:$console" -chardev "file,id=results,path=$results" \
    -device virtserialport,chardev=results,name=proa.results </dev/null &
  qemu=$!
  tail -n +1 -s 1 -f --pid="$qemu" "$results"
  wait "$qemu" || status=$?
  if ! tail -n 1 "$results" | grep -qx 'guest: end'; then
    tail -n 40 "$console" >&2
    [[ $status -ne 124 ]] || warn "the guest was not done after $guest_seconds s"
    warn "the guest ended before its tests did (end of its console above)"
    return 1
  fi
}

# verb_test_guest [--shell] [PATTERN...]
verb_test_guest() {
  local begin=$SECONDS shell=false package built booted status=0 counts
  local -a programs passed_failed_skipped
  if [[ ${1:-} == --shell ]]; then
    shell=true
    shift
  fi
  ensure_packages build bundle package test guest
  configure_preset dev
  mkdir -p "$guest_folder"
  guest_plan "$shell" "$@" >"$guest_folder/plan.json" ||
    die "not regular expressions of jq's: $*"
  if [[ $(jq '.tests | length' "$guest_folder/plan.json") -eq 0 ]]; then
    guest_plan "$shell" | jq -r '.tests[].name' >&2
    die "no test of the guest's (above) matches: $*"
  fi
  make_bundled
  package=$(make_package)
  mapfile -t programs < <(guest_programs)
  if [[ ${#programs[@]} -gt 0 ]]; then
    programs+=(proa-launcher proa-init)
    build_preset dev "${programs[@]}"
  fi
  make_guest_root "$package"
  make_guest_tests "$package" "${programs[@]}"
  if [[ $shell == true ]]; then
    start_guest -serial mon:stdio
    return
  fi
  built=$SECONDS
  boot_guest || status=1
  booted=$SECONDS
  say "" "== summary"
  counts=$(/usr/bin/python3 -B tools/test_counts.py "$guest_folder/results.log")
  sed 1d <<<"$counts"
  read -r -a passed_failed_skipped <<<"${counts%%$'\n'*}"
  [[ $status -eq 0 ]] || passed_failed_skipped[1]=$((passed_failed_skipped[1] + 1))
  say "made in $((built - begin)) s, booted and tested in $((booted - built)) s"
  printf '%s passed, %s failed, %s skipped\n' "${passed_failed_skipped[@]}"
  [[ ${passed_failed_skipped[1]} -eq 0 && ${passed_failed_skipped[0]} -gt 0 ]]
}
