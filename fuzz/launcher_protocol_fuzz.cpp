// The launcher's decoder reads what a hostile daemon may send.
#include "launcher/protocol.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = proa::launcher::decode_request(bytes);
  // What is accepted must be exactly what was sent.
  if (request && proa::launcher::encode(request.value()) != bytes) std::abort();
  (void)proa::launcher::decode_reply(bytes);
  return 0;
}
