// Stored records of accounts and keys: any bytes. What is accepted must write and read back to the
// same record. The first byte chooses which kind, a line break parts the key from the record.
#include "identity/key_records.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::identity;
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view key = input.substr(0, line);
  const std::string_view bytes = input.substr(line + 1);
  if (data[0] % 2 == 0) {
    const auto account = decode_account(key, bytes);
    if (!account) return 0;
    const std::string written = encode(account.value());
    const auto again = decode_account(key, written);
    proa::check(again.has_value(), "an accepted account cannot be read back");
    proa::check(encode(again.value()) == written, "an account changes when it is read back");
    return 0;
  }
  const auto found = decode_key(key, bytes);
  if (!found) return 0;
  const std::string written = encode(found.value());
  const auto again = decode_key(key, written);
  proa::check(again.has_value(), "an accepted key cannot be read back");
  proa::check(encode(again.value()) == written, "a key changes when it is read back");
  return 0;
}
