// How a request names a function: NAME, NAME:QUALIFIER, a partial ARN or a full ARN.
//
// Value types and parsing, no I/O. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
// (FunctionName: "name", "partial ARN", "full ARN").
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace proa::model {

/// A function as asked for, after parsing: where it lives, its name, and what was said behind it.
struct FunctionRef {
  std::string account_id;
  std::string region;
  std::string name;
  std::optional<std::string> qualifier;  ///< version number, "$LATEST" or alias; none = unqualified

  /// arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
  std::string arn() const;
};

/// Where unqualified names belong: the caller's account and the region it signed for.
struct Scope {
  std::string account_id;
  std::string region;
};

/// Whether `text` has the form that Lambda's patterns ask of a region:
/// [a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}
bool has_region_form(std::string_view text);

/// Parses `text`, already percent-decoded. `query_qualifier` is `?Qualifier=`, which must agree
/// with one inside `text`. Errors: invalid with Lambda's text (bad form, qualifiers disagree),
/// not_found for an ARN of another region ("Functions from 'R' are not reachable in this region
/// ('R2')"), denied for another account.
Result<FunctionRef> parse_function_ref(std::string_view text,
                                       std::optional<std::string_view> query_qualifier,
                                       const Scope& scope);

/// Parses what FunctionRef::arn() writes: an ARN that is stored or that names a target. Unlike the
/// name in a request it may be longer than 170 characters: a name of 64 and an alias of 128 make an
/// ARN of up to 245. Errors: invalid (not a full ARN), denied and not_found as above.
Result<FunctionRef> parse_function_arn(std::string_view arn, const Scope& scope);

}  // namespace proa::model
