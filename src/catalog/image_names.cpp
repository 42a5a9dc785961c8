#include "catalog/image_names.h"

#include <algorithm>

namespace proa::catalog {
namespace {

constexpr std::size_t kImageNameMax = 512;
constexpr std::string_view kTag = ":latest";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/:+").find(c) != std::string_view::npos;
}

/// Where the tag begins; its size where there is none. A colon before a slash is a port's.
std::size_t tag_of(std::string_view name) {
  const auto colon = name.rfind(':');
  const auto slash = name.rfind('/');
  const bool is_tag =
      colon != std::string_view::npos && (slash == std::string_view::npos || slash < colon);
  return is_tag ? colon : name.size();
}

}  // namespace

Result<std::string> plain_image_name(std::string_view name) {
  std::string_view rest = name;
  for (const std::string_view front : {"docker.io/", "library/"}) {
    if (rest.starts_with(front)) rest.remove_prefix(front.size());
  }
  const bool is_good = !rest.empty() && rest.size() <= kImageNameMax &&
                       std::all_of(rest.begin(), rest.end(), is_name_character) &&
                       rest.front() != '/' && rest.front() != ':';
  if (!is_good) {
    return Error(Errc::invalid, "'" + std::string(name.substr(0, 300)) +
                                    "' is no name of an image, such as app:latest");
  }
  const bool has_tag = tag_of(rest) < rest.size();
  return std::string(rest) + std::string(has_tag ? "" : kTag);
}

std::string_view digest_in(std::string_view name) {
  const auto at = name.rfind('@');
  const std::string_view digest = at == std::string_view::npos ? name : name.substr(at + 1);
  return digest.starts_with(kSha256Begin) ? digest.substr(kSha256Begin.size()) : std::string_view();
}

std::string resolved_uri(std::string_view uri, std::string_view digest) {
  std::string_view name = uri.substr(0, uri.find('@'));
  if (name.starts_with(kSha256Begin)) return std::string(digest);
  name = name.substr(0, tag_of(name));
  return std::string(name) + "@" + std::string(digest);
}

}  // namespace proa::catalog
