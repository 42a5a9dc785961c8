# shellcheck shell=bash
# The verb package: the Debian package, of the release build. Sourced by ./dev.
# shellcheck disable=SC2154  # root and cores are set by ./dev

# package_version: the project's version and, behind it, the commit: a later commit is a newer
# package, and a release newer than all of them.
package_version() {
  local version commit
  version=$(sed -nE 's/^project\(proa VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
  commit=$(git log -1 --format=%cd.%h --date=format-local:%Y%m%d%H%M%S 2>/dev/null) || commit=
  printf '%s\n' "$version${commit:+~git$commit}"
}

# library_packages PROGRAM...: those that the programs' libraries are in, as in a Depends field.
library_packages() {
  local work status=0
  work=$(mktemp -d)
  mkdir "$work/debian"
  printf 'Source: proa\n\nPackage: proa\nArchitecture: amd64\n' >"$work/debian/control"
  (cd "$work" && dpkg-shlibdeps -O "$@" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p' || status=1
  rm -rf "$work"
  return "$status"
}

# package_maintainer: who made the commit, as `git log` tells.
package_maintainer() {
  git log -1 --format='%an <%ae>' 2>/dev/null ||
    printf '%s\n' 'The Proa authors <maintainers@proa.invalid>'
}

# make_package: prints where the package is.
make_package() {
  local version date log=$root/build/package.log package needed libraries
  version=$(package_version)
  date=$(git log -1 --format=%cD 2>/dev/null) || date=$(date -R)
  configure_preset release -DPROA_BENCHMARKS=OFF -DPROA_PACKAGE=ON \
    -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON \
    -DPROA_PACKAGE_VERSION="$version" -DPROA_PACKAGE_DATE="$date" \
    -DPROA_PACKAGE_MAINTAINER="$(package_maintainer)"
  cmake --build build/release -j "$cores" --target proa proa-launcher proa-init package_files >&2
  libraries=$(library_packages "$root"/build/release/bin/proa{,-launcher})
  [[ -n $libraries ]] || die "dpkg-shlibdeps names no library of build/release/bin/proa"
  needed=$(sed -n 's/^PROA_PACKAGE_DEPENDS:[A-Z]*=//p' build/release/CMakeCache.txt)
  rm -rf build/release/deb
  if ! (cd build/release && SOURCE_DATE_EPOCH=$(date -d "$date" +%s) \
    cpack -G DEB -D CPACK_DEBIAN_PACKAGE_DEPENDS="$needed, $libraries") \
    >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    die "cpack failed (above)"
  fi
  package=$(compgen -G 'build/release/deb/proa_*.deb') || die "cpack has made no package"
  printf '%s\n' "$package"
}

verb_package() {
  ensure_packages build bundle package
  make_bundled
  local package
  package=$(make_package)
  lintian --allow-root --fail-on error "$package" || die "lintian finds errors in $package (above)"
  say "Built $package; to install it: apt-get install ./$package"
}
