#include "model/function_ref.h"

#include "model/account_id.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace proa::model {
namespace {

constexpr std::size_t kTextMax = 170;
constexpr std::size_t kQualifierMax = 128;
// As Lambda prints it; the parser below is this grammar by hand, because std::regex costs more than
// a whole warm call.
constexpr std::string_view kNamePattern =
    R"((arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?)"
    R"((function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?)";
constexpr std::string_view kQualifierPattern = "(|[a-zA-Z0-9$_-]+)";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_char);
}

bool is_qualifier(std::string_view text) { return text == "$LATEST" || is_name(text); }

bool is_partition(std::string_view text) {
  if (text.empty()) return true;
  return text.starts_with("aws") &&
         std::all_of(text.begin() + 3, text.end(), [](char c) { return is_letter(c) || c == '-'; });
}

/// What the text says; views into it, empty where it says nothing.
struct Parts {
  std::string_view region;
  std::string_view account;
  std::string_view name;
  std::string_view qualifier;
};

using Words = std::span<const std::string_view>;

/// The words behind the optional region, account and "function": NAME or NAME:QUALIFIER.
bool take_name(Words words, Parts& parts) {
  if (words.empty() || words.size() > 2 || !is_name(words[0])) return false;
  if (words.size() == 2 && !is_qualifier(words[1])) return false;
  parts.name = words[0];
  parts.qualifier = words.size() == 2 ? words[1] : std::string_view();
  return true;
}

bool take_function(Words words, Parts& parts) {
  // "function:x" is a prefix and a name; "function:$LATEST" can only be a name and a qualifier.
  if (words.size() > 1 && words[0] == "function" && take_name(words.subspan(1), parts)) return true;
  return take_name(words, parts);
}

bool take_account(Words words, Parts& parts) {
  if (words.size() > 1 && is_account_id(words[0]) && take_function(words.subspan(1), parts)) {
    parts.account = words[0];
    return true;
  }
  return take_function(words, parts);
}

bool take_region(Words words, Parts& parts) {
  if (words.size() > 1 && has_region_form(words[0]) && take_account(words.subspan(1), parts)) {
    parts.region = words[0];
    return true;
  }
  return take_account(words, parts);
}

bool split(std::string_view text, Parts& parts) {
  if (text.find(':') == std::string_view::npos) {
    parts.name = text;
    return is_name(text);
  }
  std::array<std::string_view, 9> words;
  std::size_t count = 0;
  for (;;) {
    if (count == words.size()) return false;
    const std::size_t colon = text.find(':');
    words[count++] = text.substr(0, colon);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  const Words all(words.data(), count);
  const bool has_arn =
      count > 3 && words[0] == "arn" && words[2] == "lambda" && is_partition(words[1]);
  if (has_arn && take_region(all.subspan(3), parts)) return true;
  return take_region(all, parts);
}

void note(std::vector<std::string>& violations, std::string_view value, std::string_view member,
          std::string_view constraint) {
  violations.push_back("Value '" + std::string(value) + "' at '" + std::string(member) +
                       "' failed to satisfy constraint: Member must " + std::string(constraint));
}

Error violation_error(const std::vector<std::string>& violations) {
  std::string text = std::to_string(violations.size()) + " validation error" +
                     (violations.size() > 1 ? "s" : "") + " detected: ";
  for (std::size_t i = 0; i < violations.size(); ++i) text += (i > 0 ? "; " : "") + violations[i];
  return Error(Errc::invalid, std::move(text));
}

/// Constraints on the form; Lambda reports all of them at once.
Result<void> check_form(std::string_view text, std::string_view query_qualifier, bool is_split) {
  const bool is_query_odd = !std::all_of(query_qualifier.begin(), query_qualifier.end(),
                                         [](char c) { return is_name_char(c) || c == '$'; });
  if (is_split && !is_query_odd && text.size() <= kTextMax &&
      query_qualifier.size() <= kQualifierMax) {
    return ok();
  }
  std::vector<std::string> violations;
  if (text.size() > kTextMax) {
    note(violations, text, "functionName", "have length less than or equal to 170");
  }
  if (!is_split) {
    note(violations, text, "functionName",
         "satisfy regular expression pattern: " + std::string(kNamePattern));
  }
  if (query_qualifier.size() > kQualifierMax) {
    note(violations, query_qualifier, "qualifier", "have length less than or equal to 128");
  }
  if (is_query_odd) {
    note(violations, query_qualifier, "qualifier",
         "satisfy regular expression pattern: " + std::string(kQualifierPattern));
  }
  return violation_error(violations);
}

/// What the parts name, in `scope`. Errors: denied and not_found as parse_function_ref().
Result<FunctionRef> in_scope(const Parts& parts, const Scope& scope) {
  if (!parts.account.empty() && parts.account != scope.account_id) {
    return Error(Errc::denied, "Account " + scope.account_id +
                                   " may not use functions of account " +
                                   std::string(parts.account));
  }
  if (!parts.region.empty() && parts.region != scope.region) {
    return Error(Errc::not_found, "Functions from '" + std::string(parts.region) +
                                      "' are not reachable in this region ('" + scope.region +
                                      "')");
  }
  FunctionRef ref;
  ref.account_id = scope.account_id;
  ref.region = scope.region;
  ref.name = parts.name;
  if (!parts.qualifier.empty()) ref.qualifier = std::string(parts.qualifier);
  return ref;
}

}  // namespace

bool has_region_form(std::string_view text) {
  if (text.size() < 6 || !is_lower(text[0]) || !is_lower(text[1])) return false;
  text.remove_prefix(2);
  if (!is_digit(text.back()) || text[text.size() - 2] != '-') return false;
  text.remove_suffix(2);
  if (text.empty() || text.front() != '-') return false;
  const std::size_t second_dash = text.find('-', 1);
  std::string_view area = text.substr(1);
  if (second_dash != std::string_view::npos) {
    const std::string_view kind = text.substr(1, second_dash - 1);
    const bool is_iso = kind.starts_with("iso") && kind.size() <= 4;
    if (kind != "gov" && !(is_iso && std::all_of(kind.begin(), kind.end(), is_lower))) return false;
    area = text.substr(second_dash + 1);
  }
  return !area.empty() && std::all_of(area.begin(), area.end(), is_lower);
}

std::string FunctionRef::arn() const {
  std::string text = "arn:aws:lambda:";
  text.reserve(64 + region.size() + name.size());
  text.append(region).append(":").append(account_id).append(":function:").append(name);
  if (qualifier) text.append(":").append(*qualifier);
  return text;
}

Result<FunctionRef> parse_function_ref(std::string_view text,
                                       std::optional<std::string_view> query_qualifier,
                                       const Scope& scope) {
  Parts parts;
  const bool is_split = split(text, parts);
  const std::string_view asked = query_qualifier.value_or(std::string_view());
  TRY(check_form(text, asked, is_split));
  TRY(auto ref, in_scope(parts, scope));
  if (asked.empty()) return ref;
  if (ref.qualifier && asked != *ref.qualifier) {
    return Error(
        Errc::invalid,
        "The derived qualifier from the function name does not match the specified qualifier.");
  }
  ref.qualifier = std::string(asked);
  return ref;
}

Result<FunctionRef> parse_function_arn(std::string_view arn, const Scope& scope) {
  Parts parts;
  if (split(arn, parts)) {
    TRY(auto ref, in_scope(parts, scope));
    // Only a full ARN is written again as it was: the grammar takes names and partial ARNs too.
    if (ref.arn() == arn) return ref;
  }
  return Error(Errc::invalid, "'" + std::string(arn) + "' is not the ARN of a function");
}

}  // namespace proa::model
