#include "kernels/kernels.h"
#include "os/file.h"

namespace proa::kernels {

Result<SigningKey> read_signing_key(const std::filesystem::path& file) {
  const auto text = os::read_file(file);
  if (!text && text.error().code() == Errc::not_found) {
    TRY(auto made, Ed25519Key::make());
    return SigningKey{std::move(made), true};
  }
  if (!text) return text.error();
  auto read = Ed25519Key::from_pem(text.value());
  if (!read) return read.error().with_context(file.string());
  return SigningKey{std::move(read).value(), false};
}

}  // namespace proa::kernels
