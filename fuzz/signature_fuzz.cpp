// Foreign bytes as an Authorization header and as a presigned query, up to the signature: whatever
// they say, nobody is let in, and the parts lie inside of what was sent.
#include "base/check.h"
#include "identity/claim.h"
#include "identity/identity.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace proa;

/// Every key exists; its secret is nobody's.
class AnyKey final : public identity::KeyLookup {
 public:
  identity::KeyPtr find(std::string_view key_id) const override {
    auto key = std::make_shared<identity::Key>();
    key->id = key_id;
    key->secret = "a secret that no input knows";
    return key;
  }
};

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void try_request(const http::Request& request) {
  static identity::SignatureVerifier verifier;
  const auto claim = identity::parse_claim(request);
  if (claim && !claim.value().is_presigned) {
    const std::string& lines = request.headers.lines();
    check(is_inside(claim.value().key_id, lines), "a key id from elsewhere");
    for (const auto name : claim.value().signed_headers) {
      check(is_inside(name, lines), "a header name from elsewhere");
    }
  }
  const WallTime now = WallTime(std::chrono::seconds(1440938160));
  const auto verdict = verifier.verify(request, now, AnyKey());
  check(!verdict.key && !verdict.message.empty(), "a signature without the secret");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  http::Request header;
  header.method = "POST";
  header.target = "/2015-03-31/functions/f/invocations";
  header.headers.add("Host", "h");
  header.headers.add("X-Amz-Date", "20150830T123600Z");
  header.headers.add("Authorization", input);
  if (http::parse_target(header)) try_request(header);
  http::Request query;
  query.method = "GET";
  query.target = "/?" + std::string(input);
  query.headers.add("Host", "h");
  if (http::parse_target(query)) try_request(query);
  return 0;
}
