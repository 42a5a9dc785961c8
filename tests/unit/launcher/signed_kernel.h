// A kernel's folder as the daemon stores it, signed.
#pragma once

#include "base/ed25519.h"
#include "base/encoding.h"
#include "launcher/protocol.h"
#include "model/kernel_statement.h"
#include "unit/launcher/own_process.h"

#include <string>

namespace proa::launcher::test {

/// The statement's text about such a kernel.
inline std::string kernel_statement(char letter, const std::string& kernel,
                                    const std::string& initrd) {
  const auto digest = [](const std::string& text) { return to_hex(sha256(text)); };
  return model::text_of(
      {std::string(kKernelIdSize, letter), digest(kernel), digest(initrd), digest("manifest")});
}

/// Puts kernel `letter` 32 times below `kernels` of the folder.
inline void put_signed_kernel(const OwnFolder& folder, const std::string& kernels, char letter,
                              const std::string& kernel, const Ed25519Key& key) {
  const std::string name = kernels + "/" + std::string(kKernelIdSize, letter) + "/";
  folder.put(name + "kernel", kernel);
  folder.put(name + "initrd", "initrd");
  folder.put(name + "manifest.json", "manifest");
  folder.put(name + model::kKernelSignatureFile,
             key.sign(kernel_statement(letter, kernel, "initrd")));
}

}  // namespace proa::launcher::test
