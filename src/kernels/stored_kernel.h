// A kernel's folder: read, compared with its manifest, signed. Private to kernels/.
//
// Beside kernel, initrd, manifest.json and perhaps config stands `signature`: 64 bytes over
// model::KernelStatement, which names the folder and the SHA-256 of the three others.
#pragma once

#include "kernels/kernels.h"

#include <filesystem>

namespace proa::kernels {

/// Of one with a folder of our own; QEMU opens files again by descriptors, as another user.
inline constexpr unsigned kStoredMode = 0644;

/// Looks at manifest and sizes. Errc: corrupt, unsupported, not_found, os: it is broken.
Result<Kernel> read_unsigned_kernel(const std::filesystem::path& folder);
/// Also at the signature. Errc: the same.
Result<Kernel> read_kernel(const std::filesystem::path& folder, const Ed25519Public& key);

/// Hashes both files, and says which is not what the manifest tells. Errc: os.
Result<Verification> check_bytes(const Kernel& kernel);
/// Also of one whose signature is not right. Errc: as read_unsigned_kernel().
Result<Verification> check_folder(const std::filesystem::path& folder, const Ed25519Public& key);

/// Signs what the folder's manifest says, whatever the files are: check_bytes() comes before, or
/// they were just made. Errc: exhausted, os.
Result<void> sign_kernel(const std::filesystem::path& folder, const Manifest& manifest,
                         const Ed25519Key& key);
/// Writes the manifest and signs it. Errc: the same.
Result<void> write_manifest(const std::filesystem::path& folder, const Manifest& manifest,
                            const Ed25519Key& key);

}  // namespace proa::kernels
