// What is signed about a stored guest kernel: that these bytes belong together under this id. The
// daemon signs it when it stores a kernel, and the launcher asks for it before one boots. A value
// type, no I/O. Long document: docs/decisions/0025-guest-kernels-built.md.
#pragma once

#include <string>

namespace proa::model {

/// The file beside a kernel's manifest.json that has the signature: 64 bytes (Ed25519).
inline constexpr const char* kKernelSignatureFile = "signature";

/// All of it in lower-case hex digits.
struct KernelStatement {
  std::string id;        ///< 32: the folder's name
  std::string kernel;    ///< 64: SHA-256 of the file, as the next two
  std::string initrd;    ///< 64
  std::string manifest;  ///< 64
};

/// The bytes that are signed.
std::string text_of(const KernelStatement& statement);

}  // namespace proa::model
