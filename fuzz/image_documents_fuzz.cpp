// Documents of image archives: any bytes, as each of the four. What is accepted holds digests that
// are file names, and texts that a process can be started with.
#include "base/check.h"
#include "base/encoding.h"
#include "oci/documents.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace proa::oci;

void check_digest(const std::string& digest) {
  proa::check(proa::is_hex(digest, kDigestDigits), "an accepted digest is no file name");
}

void check_words(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    proa::check(word.find('\0') == std::string::npos, "an accepted word ends before its end");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto index = parse_index(bytes)) {
    for (const Descriptor& each : index.value()) check_digest(each.digest);
  }
  if (const auto manifest = parse_manifest(bytes)) {
    check_digest(manifest.value().config.digest);
    for (const Descriptor& each : manifest.value().layers) check_digest(each.digest);
  }
  if (const auto saved = parse_saved_images(bytes)) {
    for (const SavedImage& each : saved.value()) check_words(each.layers);
  }
  if (const auto config = parse_config(bytes)) {
    for (const std::string& each : config.value().diff_ids) check_digest(each);
    check_words(config.value().config.entry_point);
    check_words(config.value().config.command);
    check_words(config.value().config.environment);
  }
  return 0;
}
