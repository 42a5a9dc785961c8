#include "launcher/net/nft.h"

#include <nftables/libnftables.h>

#include <cerrno>

namespace proa::launcher::net {
namespace {

constexpr std::size_t kWordsShown = 400;

// libnftables reports errors as text only; these are the endings a caller can act on.
Errc condition_of(const std::string& words) {
  if (words.find("No such file or directory") != std::string::npos) return Errc::not_found;
  if (words.find("Operation not permitted") != std::string::npos) return Errc::denied;
  return Errc::os;
}

}  // namespace

void Nft::Free::operator()(nft_ctx* context) const { ::nft_ctx_free(context); }

Result<Nft> Nft::open() {
  nft_ctx* context = ::nft_ctx_new(NFT_CTX_DEFAULT);
  if (context == nullptr) return Error(Errc::unsupported, "set up nftables: no context");
  Nft opened(context);
  if (::nft_ctx_buffer_output(context) != 0 || ::nft_ctx_buffer_error(context) != 0) {
    return Error(Errc::unsupported, "set up nftables: no buffers");
  }
  return opened;
}

Result<std::string> Nft::run(const std::string& commands, const std::string& what) {
  const int status = ::nft_run_cmd_from_buffer(context_.get(), commands.c_str());
  // Reading a buffer also empties it, so both are read whatever happened.
  const char* output = ::nft_ctx_get_output_buffer(context_.get());
  std::string printed = output == nullptr ? "" : output;
  const char* error = ::nft_ctx_get_error_buffer(context_.get());
  std::string words = error == nullptr ? "" : error;
  if (status == 0) return printed;
  if (words.size() > kWordsShown) words.resize(kWordsShown);
  return Error(condition_of(words), what + ": nft says: " + words);
}

Result<std::string> Nft::run_json(const std::string& commands, const std::string& what) {
  const unsigned flags = ::nft_ctx_output_get_flags(context_.get());
  ::nft_ctx_output_set_flags(context_.get(), flags | NFT_CTX_OUTPUT_JSON);
  auto printed = run(commands, what);
  ::nft_ctx_output_set_flags(context_.get(), flags);
  return printed;
}

}  // namespace proa::launcher::net
