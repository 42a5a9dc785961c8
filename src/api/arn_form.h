// The form of ARNs in requests. Private to api/.
#pragma once

#include <string_view>

namespace proa::api {

/// arn:PARTITION:SERVICE:REGION:ACCOUNT:..., of which region and account may be empty.
bool is_arn(std::string_view text);

}  // namespace proa::api
