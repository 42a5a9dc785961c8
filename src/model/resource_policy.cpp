#include "model/resource_policy.h"

#include "model/account_id.h"

#include <algorithm>

namespace proa::model {
namespace {

/// "lambda:InvokeFunctionUrl" fits itself, "lambda:*" and "*".
bool fits_action(std::string_view pattern, std::string_view action) {
  return pattern == "*" || pattern == action ||
         (pattern.ends_with(":*") && action.starts_with(pattern.substr(0, pattern.size() - 1)));
}

bool fits_principal(std::string_view principal, const AccessQuestion& question) {
  if (principal == "*") return true;
  if (question.account_id.empty()) return false;
  if (principal == question.account_id || principal == question.principal) return true;
  // arn:aws:iam::ACCOUNT:root stands for the account.
  return principal == "arn:aws:iam::" + std::string(question.account_id) + ":root";
}

bool fits(const PolicyStatement& statement, const AccessQuestion& question) {
  if (!fits_action(statement.action, question.action)) return false;
  if (!fits_principal(statement.principal, question)) return false;
  if (statement.url_auth && statement.url_auth != question.url_auth) return false;
  if (statement.via_url && *statement.via_url != question.url_auth.has_value()) return false;
  return !statement.source_arn && !statement.source_account && !statement.organization &&
         !statement.event_source_token;
}

/// arn:aws:iam::ACCOUNT:user/NAME, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION ...
bool is_principal_arn(std::string_view text) {
  const bool is_iam = text.starts_with("arn:aws:iam::");
  if (!is_iam && !text.starts_with("arn:aws:sts::")) return false;
  text.remove_prefix(std::string_view("arn:aws:iam::").size());
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_account_id(text.substr(0, colon))) return false;
  text.remove_prefix(colon + 1);
  if (is_iam && text == "root") return true;
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash != 0 && slash + 1 < text.size();
}

/// A dotted name: s3.amazonaws.com, apigateway.amazonaws.com, alexa-appkit.amazon.com.
bool is_service(std::string_view text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
  return is_plain && text.find('.') != std::string_view::npos && !text.starts_with(".") &&
         !text.ends_with(".");
}

}  // namespace

const PolicyStatement* ResourcePolicy::find(std::string_view id) const {
  const auto found = std::find_if(statements.begin(), statements.end(),
                                  [id](const PolicyStatement& one) { return one.id == id; });
  return found == statements.end() ? nullptr : &*found;
}

bool allows(const ResourcePolicy& policy, const AccessQuestion& question) {
  return std::any_of(policy.statements.begin(), policy.statements.end(),
                     [&](const PolicyStatement& one) { return fits(one, question); });
}

bool is_principal(std::string_view text) {
  return text == "*" || is_account_id(text) || is_principal_arn(text) || is_service(text);
}

}  // namespace proa::model
