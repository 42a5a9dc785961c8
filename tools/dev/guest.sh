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

# guest_unit: what the guest does once it is up: the tests, then off.
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

# guest_programs: the programs of the C++ tests labelled guest, one a line.
guest_programs() {
  ctest --test-dir build/dev -L '^guest$' --show-only=json-v1 | jq -r '.tests[].name' |
    sed -nE 's/^unit\.(.*)/\1_test/p; s/^integration\.(.*)/\1_integration_test/p'
}

# Write hundreds of megabytes, in minutes there, into what is the same on every host.
guest_left_out='*LoopDiskTest.TakesItsWholeSize*:DiskImage.SparseCopies*'

# guest_plan: what the guest runs, for tests/guest/run.py: first the C++ tests, then the scripts,
# which install the package.
guest_plan() {
  local script
  local -a scripts=()
  for script in tests/guest/test_*.py; do scripts+=("$(basename "$script" .py)"); done
  ctest --test-dir build/dev -L '^guest$' --show-only=json-v1 |
    jq --arg root "$root" --arg filter "-$guest_left_out" --arg scripts "${scripts[*]}" \
      '{root: $root, tests: ([.tests[] | {name, command, folder: $root,
      timeout: (.properties[] | select(.name == "TIMEOUT").value),
      environment: {GTEST_FILTER: $filter}}] +
      [$scripts | split(" ")[] | {name: ("guest." + ltrimstr("test_")), timeout: 300,
      command: ["/usr/bin/python3", "-B", "-m", "unittest", "-v", .],
      folder: ($root + "/tests/guest"),
      environment: {PROA_BINARY_DIR: "/usr/bin", PROA_SOURCE_DIR: $root}}])}'
}

# make_guest_tests PACKAGE: the second disk: the package, the built tests and what they read.
make_guest_tests() {
  local tree=$guest_folder/tests/tree program
  rm -rf "$guest_folder/tests" "$guest_folder/tests.img"
  mkdir -p "$tree/build/dev/bin"
  cp "$1" "$guest_folder/tests/proa.deb"
  cp tests/guest/run.py "$guest_folder/tests/"
  guest_plan >"$guest_folder/tests/plan.json"
  cp -r runtimes tests examples "$tree/"
  while read -r program; do
    strip --strip-debug -o "$tree/build/dev/bin/$program" "build/dev/bin/$program"
  done < <(guest_programs; printf '%s\n' proa-launcher proa-init)
  mkfs.ext4 -q -d "$guest_folder/tests" "$guest_folder/tests.img" 2G
}

# boot_guest: runs the guest until it is off, at most guest_seconds; shows its results as they come.
boot_guest() {
  local results=$guest_folder/results.log console=$guest_folder/console.log khz qemu status=0
  khz=$(awk '/^cpu MHz/ {printf "%d", $4 * 1000; exit}' /proc/cpuinfo)
  : >"$results"
  timeout -k 10 "$guest_seconds" qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max \
    -smp 2 -m 2048 -nodefaults -display none -no-reboot \
    -kernel "$guest_root/vmlinuz" -initrd "$guest_root/initrd" \
    -append "root=/dev/vda rw console=ttyS0 quiet panic=1 systemd.show_status=0 no_timer_check \
      tsc_early_khz=$khz tsc=reliable lpj=4000000" \
    -drive "file=$guest_root/root.img,if=virtio,format=raw,cache=unsafe,snapshot=on" \
    -drive "file=$guest_folder/tests.img,if=virtio,format=raw,readonly=on" \
    -device virtio-rng-pci -serial "file:$console" -device virtio-serial-pci \
    -chardev "file,id=results,path=$results" \
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

verb_test_guest() {
  local begin=$SECONDS package built booted status=0 counts
  local -a programs passed_failed_skipped
  ensure_packages build bundle package test guest
  make_bundled
  package=$(make_package)
  configure_preset dev
  mapfile -t programs < <(guest_programs)
  build_preset dev proa-launcher proa-init "${programs[@]}"
  make_guest_root "$package"
  make_guest_tests "$package"
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
