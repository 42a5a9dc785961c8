// The resource policy of a function: whom AddPermission has let do what. Values, no I/O.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
#pragma once

#include "model/function_url.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::model {

/// One statement; its effect is always Allow. Of the conditions, those that are set must all hold.
struct PolicyStatement {
  std::string id;         ///< [a-zA-Z0-9-_]{1,100}, unique in its policy
  std::string action;     ///< "lambda:InvokeFunction", "lambda:*" or "*"
  std::string principal;  ///< "*", 12 digits, an ARN of IAM or STS, or "s3.amazonaws.com"
  std::optional<UrlAuth> url_auth;
  std::optional<bool> via_url;  ///< InvokedViaFunctionUrl
  std::optional<std::string> source_arn;
  std::optional<std::string> source_account;
  std::optional<std::string> organization;        ///< PrincipalOrgID
  std::optional<std::string> event_source_token;  ///< of Alexa

  bool operator==(const PolicyStatement&) const = default;
};

/// All statements of one qualifier of a function, in the order they were added.
struct ResourcePolicy {
  std::string revision_id;  ///< a UUID, new with every change
  std::vector<PolicyStatement> statements;

  const PolicyStatement* find(std::string_view id) const;
  bool operator==(const ResourcePolicy&) const = default;
};

/// Who wants to do what.
struct AccessQuestion {
  std::string_view action;      ///< "lambda:InvokeFunctionUrl"
  std::string_view account_id;  ///< of the caller; empty: nobody knows who it is
  std::string_view principal;   ///< its ARN; empty with no account
  std::optional<UrlAuth> url_auth;
};

/// Whether a statement lets the caller. Nothing here calls as a service, belongs to an
/// organization or names a source, so a statement that asks for those lets nobody.
bool allows(const ResourcePolicy& policy, const AccessQuestion& question);

/// "*", 12 digits, an ARN of a principal, or the name of a service.
bool is_principal(std::string_view text);

}  // namespace proa::model
