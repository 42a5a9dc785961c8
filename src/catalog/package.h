// Packages: the zip a user uploads, checked and unpacked into a folder.
//
// Foreign bytes. Everything is bounded while it is read (sizes are counted as they are written,
// never believed), nothing is written outside the folder, and nothing but files, folders and
// symbolic links that stay inside comes into being. Limits:
// https://docs.aws.amazon.com/lambda/latest/dg/ gettingstarted-limits.html. Blocking; any thread;
// used by CodeStore and the fuzzer.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string_view>

namespace proa::catalog {

/// What a package may cost. The defaults are Lambda's, where Lambda has a limit.
struct PackageLimits {
  std::uint64_t zip_bytes_max = 52428800;
  std::uint64_t unpacked_bytes_max = 262144000;
  /// Files, folders (also those only implied by a path) and links.
  std::size_t nodes_max = 100000;
  /// Fuzzing only: false spares the fsync.
  bool is_durable = true;
};

/// What a package may hold besides its sizes.
inline constexpr std::size_t kPackagePathMax = 1024;
inline constexpr std::size_t kPackageNameMax = 255;
inline constexpr std::size_t kPackageDepthMax = 100;

/// Bytes the package has when unpacked, as its directory says; unpack_package() refuses a package
/// that differs, so for an unpacked one this is the truth. Errc: invalid, too_large.
Result<std::uint64_t> unpacked_size(std::string_view zip, const PackageLimits& limits);

/// Unpacks `zip` into the empty folder behind `folder` (a readable descriptor) and waits until all
/// of it is on disk, names included. Modes: the archive's permission bits (0644 and 0755 where it
/// has none), folders always u+rwx, never setuid, setgid or sticky. Modification times are kept. On
/// error the folder holds leftovers; the caller removes it. Returns the unpacked bytes. Errc:
/// invalid (Lambda's text, then the reason by name), too_large (zip), exhausted, os.
Result<std::uint64_t> unpack_package(std::string_view zip, int folder, const PackageLimits& limits);

}  // namespace proa::catalog
