#!/bin/sh
# Builds a guest kernel.
#   build.sh VARIANT < /dev/null 3< linux-source-*.tar.xz 4> product.tar
# The product has three files: kernel (a stripped ELF file that boots by PVH), config, and facts
# ("NAME=VALUE" a line). Nothing of it depends on when, where and by whom it was built. What is
# printed says what went wrong; the status is 127 where a program is missing.
set -eu

variant=$1
here=$(dirname "$(readlink -f "$0")")
work=${TMPDIR:-/tmp}/kernel
log=$work/log

fail() {
  echo "$@" >&2
  exit 1
}

missing=
need() {  # PROGRAM-OR-HEADER PACKAGE
  command -v "$1" > /dev/null || [ -e "/usr/include/$1" ] || missing="$missing $2"
}
need gcc gcc
need make make
need flex flex
need bison bison
need bc bc
need xz xz-utils
need tar tar
need stdio.h libc6-dev
need gelf.h libelf-dev  # of the objtool that the build makes for itself
if [ -n "$missing" ]; then
  echo "a kernel cannot be built on this host: install the packages$missing" >&2
  exit 127
fi

fragments=$(sed -n "s/^$variant: //p" "$here/variants")
[ -n "$fragments" ] || fail "there is no variant '$variant'"
mkdir -p "$work/source" "$work/build"
for each in $fragments; do
  cat "$here/$each.config"
done > "$work/fragments"

# Two thirds of the source are drivers, processors and texts that no guest has. Folders and Kconfig
# files stay, since configuring reads all of them.
unneeded=
for each in drivers/gpu drivers/net/ethernet drivers/net/wireless drivers/media drivers/staging \
  drivers/infiniband drivers/scsi drivers/iio drivers/usb drivers/hwmon drivers/mtd drivers/soc \
  drivers/pinctrl drivers/clk sound; do
  unneeded="$unneeded --exclude=*/$each/*.[chS] --exclude=*/$each/*.dts*"
done
set -f  # tar shall see the patterns
# shellcheck disable=SC2086 # a list
tar -x --xz --no-same-owner --strip-components=1 -C "$work/source" $unneeded \
  --exclude='*/arch/[!x]*/*.[chS]' --exclude='*/arch/*.dts*' --exclude='*/Documentation/*/*' \
  --exclude='*/tools/testing/*' --exclude='*/tools/perf/*' -f - <&3 ||
  fail "the source cannot be unpacked"
set +f

export ARCH=x86_64 LC_ALL=C SOURCE_DATE_EPOCH=0
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_USER=proa
export KBUILD_BUILD_HOST=proa KBUILD_BUILD_VERSION=1
build() {
  make -C "$work/source" O="$work/build" LOCALVERSION="-proa-$variant" "$@" > "$log" 2>&1 && return
  # What the compiler has said, and make's own words at the end.
  { grep -E '(error|undefined|can.?not|can.t|No such)' "$log" || tail -n 5 "$log"; } | tail -n 8 >&2
  fail "make $* has failed"
}

KCONFIG_ALLCONFIG="$work/fragments" build allnoconfig
lost=$(sh "$here/missing.sh" "$work/fragments" "$work/build/.config")
[ -z "$lost" ] || fail "options of $variant do not hold, something that they need is off: $lost"

jobs=$(nproc)
build "-j$((jobs > 8 ? 8 : jobs))" vmlinux  # each takes up to 300 MiB
build -s kernelrelease
release=$(grep -- "-proa-$variant\$" "$log") || fail "the kernel has no release"

cd "$work"
strip -o kernel build/vmlinux
cp build/.config config
{
  echo "release=$release"
  echo "compiler=$(gcc --version | head -n 1)"
} > facts
tar -c --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=0644 \
  kernel config facts >&4
