// nftables through libnftables: one context for each network namespace.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>

struct nft_ctx;

namespace proa::launcher::net {

/// A libnftables context. Its socket belongs to the namespace it was made in, and names of devices
/// are looked up in the thread's namespace: use it only while visiting that namespace.
class Nft {
 public:
  /// Errc: unsupported when libnftables cannot be set up.
  static Result<Nft> open();

  /// Runs commands in nft's own language as one transaction: all of them or none. Returns what they
  /// print. `what` begins the error message, which has nft's own words. Errc: not_found (something
  /// named does not exist), denied, os.
  Result<std::string> run(const std::string& commands, const std::string& what);
  /// The same with output in nft's JSON.
  Result<std::string> run_json(const std::string& commands, const std::string& what);

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };
  explicit Nft(nft_ctx* context) : context_(context) {}

  std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace proa::launcher::net
