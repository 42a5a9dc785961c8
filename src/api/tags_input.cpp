#include "api/tags_input.h"

#include <string>

namespace proa::api {
namespace {

constexpr std::string_view kTaggablePattern =
    R"(arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:)"
    R"((function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|)"
    R"(code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:)"
    R"([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}))";

Error not_taggable(std::string_view arn) {
  Problems problems;
  problems.violate(arn, "resource",
                   "satisfy regular expression pattern: " + std::string(kTaggablePattern));
  return Error(Errc::invalid, problems.text());
}

/// The part of `arn` behind the colon number `colons`.
std::string_view behind(std::string_view arn, int colons) {
  for (int i = 0; i < colons; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return arn;
}

}  // namespace

Result<model::FunctionRef> decode_taggable(std::string_view arn, const model::Scope& scope) {
  if (!arn.starts_with("arn:aws")) return not_taggable(arn);
  const std::string_view resource = behind(arn, 5);
  for (const std::string_view kind : {"layer:", "code-signing-config:", "event-source-mapping:"}) {
    if (resource.starts_with(kind)) {
      return Error(Errc::unsupported,
                   "Tags on the resource " + std::string(arn) + " are not supported by Proa yet");
    }
  }
  if (!resource.starts_with("function:")) return not_taggable(arn);
  auto ref = model::parse_function_ref(arn, std::nullopt, scope);
  if (!ref && ref.error().code() == Errc::invalid) return not_taggable(arn);
  if (ref && ref.value().qualifier) {
    return Error(
        Errc::invalid,
        "Tags on function aliases and versions are not supported. Please specify a function "
        "ARN.");
  }
  return ref;
}

}  // namespace proa::api
