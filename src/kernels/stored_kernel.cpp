#include "kernels/stored_kernel.h"

#include "base/encoding.h"
#include "kernels/manifest.h"
#include "kernels/stored_file.h"
#include "model/kernel_statement.h"
#include "os/file.h"

#include <utility>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

/// Whether the file is as long as its manifest says.
Result<void> check_size(const fs::path& folder, const char* name, const KernelFile& file) {
  TRY(const auto bytes, size_of(folder / name));
  if (bytes == file.bytes) return ok();
  return Error(Errc::corrupt, std::string(name) + " has " + std::to_string(bytes) +
                                  " bytes, its manifest says " + std::to_string(file.bytes));
}

Result<void> compare(const Kernel& kernel, const char* name, const KernelFile& expected,
                     std::vector<std::string>& problems) {
  const auto measured = measure(kernel.folder / name);
  if (!measured && measured.error().code() == Errc::os) return measured.error();
  if (!measured) {
    problems.push_back(measured.error().message());
  } else if (measured.value().sha256 != expected.sha256) {
    problems.push_back(std::string(name) + " has the SHA-256 " + measured.value().sha256 +
                       ", its manifest says " + expected.sha256);
  }
  return ok();
}

Result<std::string> read_manifest(const fs::path& folder) {
  TRY(const auto bytes, size_of(folder / kManifestFile));
  if (bytes > kManifestMax) return Error(Errc::corrupt, "manifest.json is too large");
  return os::read_file(folder / kManifestFile);
}

std::string statement_of(const Manifest& manifest, const std::string& text) {
  return text_of(model::KernelStatement{id_of(manifest), manifest.kernel.sha256,
                                        manifest.initrd.sha256, to_hex(sha256(text))});
}

Result<Kernel> read_with(const fs::path& folder, std::string& text) {
  std::error_code failed;
  if (!fs::is_directory(fs::symlink_status(folder, failed))) {
    return Error(Errc::corrupt, "it is not a folder");
  }
  TRY(text, read_manifest(folder));
  TRY(auto manifest, decode_manifest(text));
  std::string id = id_of(manifest);
  if (folder.filename() != id) {
    return Error(Errc::corrupt, "its manifest is that of kernel " + id);
  }
  TRY(check_size(folder, kKernelFile, manifest.kernel));
  TRY(check_size(folder, kInitrdFile, manifest.initrd));
  return Kernel{std::move(id), folder, std::move(manifest)};
}

Result<std::string> read_signature(const fs::path& folder, const std::string& id) {
  const auto bytes = size_of(folder / model::kKernelSignatureFile);
  if (!bytes && bytes.error().code() == Errc::not_found) {
    return Error(Errc::corrupt, "this host has not signed it: proa kernel sign " + id);
  }
  if (!bytes) return bytes.error();
  if (bytes.value() != kEd25519SignatureSize) return std::string();  // nobody's
  return os::read_file(folder / model::kKernelSignatureFile);
}

/// `text` is what the manifest's file has.
Result<void> sign_text(const fs::path& folder, const Manifest& manifest, const std::string& text,
                       const Ed25519Key& key) {
  return os::replace_file(folder / model::kKernelSignatureFile,
                          key.sign(statement_of(manifest, text)), kStoredMode);
}

}  // namespace

Result<Kernel> read_unsigned_kernel(const fs::path& folder) {
  std::string text;
  return read_with(folder, text);
}

Result<Kernel> read_kernel(const fs::path& folder, const Ed25519Public& key) {
  std::string text;
  TRY(auto kernel, read_with(folder, text));
  TRY(const auto signature, read_signature(folder, kernel.id));
  if (!is_signed_by(key, statement_of(kernel.manifest, text), signature)) {
    return Error(Errc::corrupt,
                 "its signature is not of this manifest by this host's key: if nobody has changed "
                 "it, proa kernel sign " +
                     kernel.id);
  }
  return kernel;
}

Result<Verification> check_bytes(const Kernel& kernel) {
  Verification done{kernel, {}};
  TRY(compare(kernel, kKernelFile, kernel.manifest.kernel, done.problems));
  TRY(compare(kernel, kInitrdFile, kernel.manifest.initrd, done.problems));
  return done;
}

Result<Verification> check_folder(const fs::path& folder, const Ed25519Public& key) {
  TRY(const auto kernel, read_unsigned_kernel(folder));
  TRY(auto done, check_bytes(kernel));
  const auto is_signed = read_kernel(folder, key);
  if (!is_signed) done.problems.push_back(is_signed.error().message());
  return done;
}

Result<void> sign_kernel(const fs::path& folder, const Manifest& manifest, const Ed25519Key& key) {
  TRY(const auto text, read_manifest(folder));
  return sign_text(folder, manifest, text, key);
}

Result<void> write_manifest(const fs::path& folder, const Manifest& manifest,
                            const Ed25519Key& key) {
  const std::string text = encode(manifest);
  TRY(os::replace_file(folder / kManifestFile, text, kStoredMode));
  return sign_text(folder, manifest, text, key);
}

}  // namespace proa::kernels
