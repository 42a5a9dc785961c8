// manifest.json: what is written about a kernel. Private to kernels/.
//
//   {"format": 1, "name": "stock", "package": .., "package_version": .., "architecture": ..,
//    "kernel": {"bytes": N, "sha256": HEX}, "initrd": {"bytes": N, "sha256": HEX},
//    "needs_acpi": true, "may_use_noapictimer": false, "modules": ["virtio", ..],
//    "made_ms": milliseconds since 1970,
//    "init_sha256": HEX, of the proa-init in the initrd; missing in those of older Proas,
//    "measured": of one that was booted, else missing: {"accelerator": "tcg", "boot_ms": N,
//      "memory_min_mib": N, "memory_kept_mib": N},
//    "build": of one that was built here, else missing: {"key": HEX, "release": ..,
//      "compiler": .., "options": ["CONFIG_NET=y", ..], "lacks": {"CONFIG_AIO": ["io_setup", ..]}}}
#pragma once

#include "kernels/kernels.h"

#include <string>
#include <string_view>

namespace proa::kernels {

inline constexpr const char* kManifestFile = "manifest.json";
inline constexpr std::int64_t kManifestFormat = 1;
/// No manifest has more bytes.
inline constexpr std::size_t kManifestMax = 64 * 1024;

/// One JSON document and a line's end.
std::string encode(const Manifest& manifest);
/// Any bytes. Errc: unsupported (a newer format; names it), corrupt (names what is wrong).
Result<Manifest> decode_manifest(std::string_view text);

/// The id of the kernel: the first 32 hex digits of SHA-256 over both files' digests and what else
/// matters for booting. Names, versions and times do not: the same content has the same id.
std::string id_of(const Manifest& manifest);

}  // namespace proa::kernels
