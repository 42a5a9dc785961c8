#include "secret_file.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

namespace proa::apps {
namespace {

constexpr std::size_t kTokenLeast = 16;
constexpr std::size_t kTokenMost = 1024;

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

Result<std::string> read_secret(const std::filesystem::path& path, const std::string& option) {
  const std::string name = option + " " + path.string();
  auto file = os::open_file(path, O_RDONLY | O_NONBLOCK);
  if (!file) return file.error().with_context(option);
  struct stat status {};
  if (::fstat(file.value().get(), &status) != 0) return os_error(name);
  if (!S_ISREG(status.st_mode)) return Error(Errc::invalid, name + ": must be a regular file");
  if ((status.st_mode & S_IRWXO) != 0) {
    return Error(Errc::invalid,
                 name + ": every user of this host may read it; chmod 600 keeps the secret");
  }
  TRY(auto text, os::read_all(file.value().get()));
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

Result<std::string> read_token(const std::filesystem::path& path, const std::string& option) {
  TRY(auto token, read_secret(path, option));
  const std::string name = option + " " + path.string();
  if (token.size() < kTokenLeast || token.size() > kTokenMost) {
    return Error(Errc::invalid, name + ": a token has 16 to 1024 characters, this one " +
                                    std::to_string(token.size()));
  }
  if (!std::all_of(token.begin(), token.end(), is_token_character)) {
    return Error(Errc::invalid,
                 name + ": a token is one line of letters, digits and -._~+/= (RFC 6750)");
  }
  return token;
}

}  // namespace proa::apps
