// The canonical form of a request, which is what is signed. Private to identity/.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include "http/http.h"

#include <span>
#include <string>
#include <string_view>

namespace proa::identity {

/// Appends the canonical request to `out`. `payload_hash` stands in it as it is. The path is
/// encoded once more and its dot segments and double slashes are gone, as for every service but S3.
/// Of the query, X-Amz-Signature is left out where `is_presigned`.
void append_canonical(const http::Request& request,
                      std::span<const std::string_view> signed_headers,
                      std::string_view payload_hash, bool is_presigned, std::string& out);

/// Names of headers are compared without case, which is that of ASCII.
constexpr char lower_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace proa::identity
