# shellcheck shell=bash
# Installs the Debian packages that a verb needs. Sourced by ./dev.

# GROUP PACKAGE CHECK, one a line. A package is installed only if its check fails:
#   cmd:NAME  a command on the path      file:GLOB  a file that exists
#   pc:NAME   known to pkg-config
packages_table() {
  cat <<'TABLE'
build  g++                    cmd:g++
build  cmake                  cmd:cmake
build  ninja-build            cmd:ninja
build  ccache                 cmd:ccache
build  pkg-config             cmd:pkg-config
build  libboost1.81-dev       file:/usr/lib/*/cmake/boost_headers-1.81.0
build  libboost-json1.81-dev  file:/usr/lib/*/cmake/boost_json-1.81.0
build  libboost-url1.81-dev   file:/usr/lib/*/cmake/boost_url-1.81.0
build  libcli11-dev           file:/usr/include/CLI/CLI.hpp
build  libtomlplusplus-dev    file:/usr/include/toml++/toml.h
build  libspdlog-dev          pc:spdlog
build  libfmt-dev             pc:fmt
build  prometheus-cpp-dev     pc:prometheus-cpp-core
build  libsqlite3-dev         pc:sqlite3
build  libarchive-dev         pc:libarchive
build  zlib1g-dev             pc:zlib
build  libseccomp-dev         pc:libseccomp
build  libbpf-dev             pc:libbpf
build  libnftables-dev        pc:libnftables
build  libelf-dev             pc:libelf
build  libre2-dev             pc:re2
build  libyaml-cpp-dev        pc:yaml-cpp
build  libabsl-dev            pc:absl_time
build  libssl-dev             pc:openssl
build  libcap-dev             pc:libcap
build  musl-dev               file:/usr/include/*-linux-musl/stdlib.h
build  musl-tools             cmd:musl-gcc
build  clang-14               cmd:clang++-14
build  llvm-14                cmd:llvm-strip-14
build  bpftool                cmd:bpftool
run    python3                file:/usr/bin/python3
run    nodejs                 cmd:node
run    awscli                 file:/usr/bin/aws
run    curl                   cmd:curl
run    jq                     cmd:jq
run    zip                    cmd:zip
run    e2fsprogs              cmd:mkfs.ext4
run    iproute2               cmd:ip
run    nftables               cmd:nft
run    passt                  cmd:pasta
run    kmod                   cmd:depmod
run    qemu-system-x86        cmd:qemu-system-x86_64
run    erofs-utils            cmd:mkfs.erofs
run    mmdebstrap             cmd:mmdebstrap
run    tzdata                 file:/usr/share/zoneinfo/Europe/Berlin
bundle python3-boto3          file:/usr/lib/python3/dist-packages/boto3/__init__.py
bundle npm                    cmd:npm
kernel gcc                    cmd:gcc
kernel make                   cmd:make
kernel flex                   cmd:flex
kernel bison                  cmd:bison
kernel bc                     cmd:bc
kernel xz-utils               cmd:xz
kernel libelf-dev             file:/usr/include/gelf.h
package dpkg-dev              cmd:dpkg-shlibdeps
package lintian               cmd:lintian
guest  mmdebstrap             cmd:mmdebstrap
guest  qemu-system-x86        cmd:qemu-system-x86_64
guest  e2fsprogs              cmd:mkfs.ext4
guest  binutils               cmd:strip
guest  jq                     cmd:jq
guest  dpkg-dev               cmd:dpkg-deb
test   libgtest-dev           pc:gtest
test   libgmock-dev           pc:gmock
test   libbenchmark-dev       pc:benchmark
test   libclang-rt-14-dev     file:/usr/lib/llvm-14/lib/clang/14*/lib/linux/libclang_rt.fuzzer-*.a
test   python3-boto3          file:/usr/lib/python3/dist-packages/boto3/__init__.py
test   python3-prometheus-client file:/usr/lib/python3/dist-packages/prometheus_client/__init__.py
test   autoconf               cmd:autoreconf
test   automake               cmd:automake
test   libtool                cmd:libtoolize
test   make                   cmd:make
test   wrk                    cmd:wrk
test   qemu-system-x86        cmd:qemu-system-x86_64
test   erofs-utils            cmd:mkfs.erofs
test   mmdebstrap             cmd:mmdebstrap
test   shellcheck             cmd:shellcheck
test   zsh                    cmd:zsh
test   fish                   cmd:fish
test   clang-tidy-14          cmd:clang-tidy-14
format clang-format-14        cmd:clang-format-14
TABLE
}

# has_what CHECK: whether the thing is there.
has_what() {
  case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
    file:*) compgen -G "${1#file:}" >/dev/null ;;
    *) die "packages_table: unknown check '$1'" ;;
  esac
}

# missing_packages GROUP...: names, one a line.
missing_packages() {
  local wanted=" $* " group package check
  while read -r group package check; do
    if [[ $wanted == *" $group "* ]] && ! has_what "$check"; then
      printf '%s\n' "$package"
    fi
  done < <(packages_table)
}

# as_root COMMAND...: through sudo unless we are root.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$1' needs root, and there is no sudo: run this as root"
  fi
}

# ensure_packages GROUP...: lists what is missing, installs it, checks again.
ensure_packages() {
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "Installing ${#missing[@]} Debian packages that are needed and not found:"
  printf '  %s\n' "${missing[@]}"
  if ! command -v apt-get >/dev/null; then
    die "there is no apt-get: install these, or what gives the same files, and run this again"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null ||
    warn "apt-get update failed; trying with the package lists that are there"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    --no-remove "${missing[@]}" </dev/null >/dev/null ||
    die "apt-get install failed (its messages are above). Proa builds on Debian 12"
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] || die "still not found after installing: ${missing[*]}"
}
