#!/bin/sh
# Puts the root of a virtual machine together from that of this container, and makes an image of it.
#   root.sh INTERPRETER...    paths inside: /usr/bin/python3.11, /usr/bin/node, /var/lang/...
# All but /usr and /var/lang goes there whole. Of those it is the interpreters, the programs below,
# the libraries that any of these load, certificates and time zones: a whole /usr is gigabytes.
set -eu

cd /  # cp --parents looks for the folders above from here
root=/tmp/root
programs="
  [ arch awk b2sum base32 base64 basename bash bunzip2 bzcat bzip2 cat chgrp chmod chown
  cksum clear cmp comm cp csplit curl cut dash date dd df diff dir dirname du echo egrep env
  expand expr factor false fgrep file find flock fmt fold free gawk getconf getent git grep
  groups gunzip gzip head hostid hostname iconv id install join jq kill link ln locale ls
  mawk md5sum mkdir mkfifo mktemp mv nice nl nohup nproc numfmt od openssl paste pathchk
  pgrep pidof pkill pr printenv printf ps pwd readlink realpath rev rm rmdir sed seq sh
  sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf
  stty sum sync tac tail tar tee test timeout touch tr true truncate tsort tty uname
  unexpand uniq unlink unxz unzip uptime users wc wget which who whoami xargs xz xzcat yes
  zcat zip"
# Loaded by name while a program runs.
plugins="libgcc_s.so.1 libstdc++.so.6 libgomp.so.1 libatomic.so.1 libz.so.1 libcrypto.so.3
  libssl.so.3 libffi.so.8 libresolv.so.2 libnss_dns.so.2 libnss_files.so.2 libnss_compat.so.2
  libutil.so.1 librt.so.1 libdl.so.2 libpthread.so.0 libm.so.6"
data="/usr/lib/os-release /usr/lib/ssl /usr/lib/locale/C.utf8 /usr/share/ca-certificates
  /usr/share/zoneinfo"

copy() {
  cp -dR --parents --preserve=mode,timestamps,links "$@" "$root/"
}

# What links lead to, too: programs go by /etc/alternatives. Their names have no spaces.
copy_programs() {
  # shellcheck disable=SC2046
  copy $({ printf '%s\n' "$@" && readlink -f "$@"; } | sort -u)
}

copy_system_python() {
  library=/usr/lib/${1##*/}
  [ -d "$library" ] || return 0
  set --
  for entry in "$library"/*; do
    case ${entry##*/} in
      test | idlelib | tkinter | turtledemo | ensurepip | lib2to3 | config-*) ;;
      *) set -- "$@" "$entry" ;;
    esac
  done
  copy "$@"
}

# The libraries that the loader finds for what is in the root already, and those of the list. Static
# programs (proa-init) make it crash, and xargs alone would then leave out all that it has not seen.
copy_libraries() {
  loader=
  for each in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do
    [ ! -e "$each" ] || loader=$each
  done
  {
    echo "$loader"
    for each in $plugins; do
      for found in /usr/lib/*-linux-gnu/"$each"; do
        [ ! -e "$found" ] || echo "$found"
      done
    done
    # shellcheck disable=SC2016 # for the inner shell
    find "$root/usr" "$root/var" -type f \
      \( -perm -u+x -o -name '*.so' -o -name '*.so.*' -o -name '*.node' \) -print0 |
      xargs -0 -n 1 sh -c '"$0" --list "$1" || :' "$loader" 2> /dev/null |
      sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p'
  } | sed -e 's/^\/lib/\/usr\/lib/' -e "/^\/var\//d" -e "/^\/tmp\//d" | sort -u > /tmp/libraries
  xargs cp -L --parents --preserve=mode,timestamps --target-directory="$root" < /tmp/libraries
}

mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/var/task" "$root/var/tmp"
for each in proc sys dev tmp opt home root run mnt; do
  mkdir "$root/$each"
done
for each in /bin /sbin /lib /lib32 /lib64 /libx32 /etc /node_modules /var/node_modules /var/runtime
do
  if [ -e "$each" ] || [ -L "$each" ]; then copy "$each"; fi
done
[ ! -d /usr/lib64 ] || mkdir -p "$root/usr/lib64"
found=
for each in $programs; do
  for place in /usr/bin /usr/sbin; do
    [ ! -e "$place/$each" ] || found="$found $place/$each"
  done
done
# shellcheck disable=SC2086 # a list
copy_programs $found
for each in "$@"; do
  case $each in
    /usr/bin/python*)
      copy_programs "$each"
      copy_system_python "$each"
      if [ "$(readlink -f /usr/bin/python3)" = "$each" ]; then copy /usr/bin/python3; fi
      ;;
    /usr/bin/node*)
      copy_programs "$each"
      for folder in /usr/share/nodejs /usr/lib/*-linux-gnu/nodejs; do
        [ ! -d "$folder" ] || copy "$folder"
      done
      ;;
    /var/lang/*/bin/*)
      copy "${each%/bin/*}"
      lang=$root${each%/bin/*}/lib
      rm -rf "$lang"/python*/test "$lang"/python*/idlelib "$lang"/python*/turtledemo \
        "$lang"/python*/config-* "$lang"/*.a
      ;;
  esac
done
for each in $data; do
  [ ! -e "$each" ] || copy "$each"
done
copy_libraries
exec /bin/sh /var/runtime/image/folder.sh "$root"
