// Proa's own settings of a function, as they ride on its tags, and Lambda's limits on tags.
//
// Grammar of a `proa:` value: items separated by one space, options KEY=VALUE, durations such as
// 50ms, 30s, 5m, 1h. `api` refuses bad tags with it, `catalog` makes Settings with it. Value types,
// no I/O, any thread. Long document: docs/guides/settings.md.
#pragma once

#include "base/result.h"
#include "model/function.h"

#include <map>
#include <string>
#include <string_view>

namespace proa::model {

/// Every key that begins so is Proa's.
inline constexpr std::string_view kSettingPrefix = "proa:";

/// The settings that `tags` ask for, on top of `defaults`. Tags of others are ignored. In a machine
/// whose kernel has no network card (`proa:kernel=nonet`, `local`) the network is none. Keys: see
/// design "Configuration that any AWS tool can carry". Errc: invalid (an unknown `proa:` key or
/// value, named; a network that the kernel does not have), unsupported (known, not built yet: "...
/// is not supported by Proa yet").
Result<Settings> parse_settings(const std::map<std::string, std::string>& tags,
                                const Settings& defaults);

/// Whether a runtime image may have that name: 1 to 64 of a-z, 0-9, '.', '_' and '-', the first a
/// letter or digit.
bool is_runtime_image_name(std::string_view name);

/// Whether a guest kernel of that name may have a network card: of the variants, `nonet` and
/// `local` have none.
bool may_have_network_card(std::string_view kernel);

/// Lambda's limits on the tags of one function: 50 tags, keys of 1 to 128 and values of up to 256
/// characters out of letters, digits, space and _ . : / = + - @, no key that begins with "aws:".
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html Errc: invalid.
Result<void> check_tags(const std::map<std::string, std::string>& tags);

/// "container", "microvm".
std::string_view to_string(Isolation isolation);
/// "none", "internet", "lan".
std::string_view to_string(NetworkPolicy policy);

}  // namespace proa::model
