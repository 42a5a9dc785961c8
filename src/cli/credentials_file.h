// The shared credentials file of AWS's tools. Private to cli/.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include "base/result.h"
#include "base/units.h"

#include <optional>
#include <string>
#include <string_view>

namespace proa::cli {

/// One profile.
struct ProfileCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;        ///< empty: none
  std::optional<WallTime> expires;  ///< where a tool wrote it too (x_security_token_expires)
  std::string expires_text;
};

/// The profile of that name; with an empty name the only one there is. Errc: invalid (says what the
/// file lacks, never what is in it but names).
Result<ProfileCredentials> parse_credentials(std::string_view text, std::string_view profile);

/// The same out of a file. Errc: invalid (as above, or it cannot be read).
Result<ProfileCredentials> read_credentials(const std::string& path, std::string_view profile);

}  // namespace proa::cli
