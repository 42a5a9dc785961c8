// What verifying a signature adds to a call: the whole verifier on a request as boto3 sends it.
#include "identity/identity.h"

#include <benchmark/benchmark.h>

namespace proa::identity {
namespace {

const WallTime kNow = WallTime(std::chrono::seconds(1440938160));

class OneKey final : public KeyLookup {
 public:
  OneKey() {
    auto key = std::make_shared<Key>();
    key->id = "AKIDEXAMPLE";
    key->secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    key_ = std::move(key);
  }
  KeyPtr find(std::string_view) const override { return key_; }
  const Key& key() const { return *key_; }

 private:
  KeyPtr key_;
};

http::Request make(const OneKey& keys, std::size_t body_bytes) {
  http::Request request;
  request.method = "POST";
  request.target = "/2015-03-31/functions/hello/invocations";
  request.headers.add("Host", "127.0.0.1:9600");
  request.headers.add("X-Amz-Invocation-Type", "RequestResponse");
  request.headers.add("Content-Type", "application/octet-stream");
  request.body.assign(body_bytes, 'x');
  if (!http::parse_target(request)) std::abort();
  Credentials credentials;
  credentials.key_id = keys.key().id;
  credentials.secret = keys.key().secret;
  SigningScope scope;
  scope.region = "us-east-1";
  sign(request, credentials, scope, kNow);
  return request;
}

/// The derived key is known, as for all requests of a day but the first.
void verify_warm(benchmark::State& state) {
  const OneKey keys;
  const http::Request request = make(keys, static_cast<std::size_t>(state.range(0)));
  SignatureVerifier verifier;
  for (auto _ : state) {
    const Verdict verdict = verifier.verify(request, kNow, keys);
    if (!verdict.key) state.SkipWithError("refused");
    benchmark::DoNotOptimize(verdict);
  }
}
BENCHMARK(verify_warm)->Arg(9)->Arg(1024)->Arg(65536);

/// The first request of a key, a day and a region.
void verify_first(benchmark::State& state) {
  const OneKey keys;
  const http::Request request = make(keys, 9);
  for (auto _ : state) {
    SignatureVerifier verifier;
    const Verdict verdict = verifier.verify(request, kNow, keys);
    if (!verdict.key) state.SkipWithError("refused");
    benchmark::DoNotOptimize(verdict);
  }
}
BENCHMARK(verify_first);

}  // namespace
}  // namespace proa::identity
