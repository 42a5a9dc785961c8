// What container images are called. Private to catalog/; pure functions.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace proa::catalog {

/// In front of a digest's 64 hex digits.
inline constexpr std::string_view kSha256Begin = "sha256:";

/// "app" as "app:latest"; what docker puts in front of names of its own registry goes. Errc:
/// invalid (characters that no name has, too long).
Result<std::string> plain_image_name(std::string_view name);
/// Behind "sha256:" or "NAME@sha256:": hex digits; else empty.
std::string_view digest_in(std::string_view name);
/// NAME@DIGEST for an image that was asked for by `uri`, which may have a tag or a digest.
std::string resolved_uri(std::string_view uri, std::string_view digest);

}  // namespace proa::catalog
