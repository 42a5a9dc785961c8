// AddPermission, GetPolicy and RemovePermission:
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
#include "api/arn_form.h"
#include "api/errors.h"
#include "api/fields.h"
#include "api/operations.h"
#include "model/account_id.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kIdMax = 100;
constexpr std::size_t kTokenMax = 256;
constexpr std::string_view kUrlAction = "lambda:InvokeFunctionUrl";

bool is_word(std::string_view text, std::string_view besides) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [besides](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || besides.find(c) != std::string_view::npos;
  });
}

bool is_action(std::string_view text) {
  if (text == "*" || text == "lambda:*") return true;
  constexpr std::string_view kService = "lambda:";
  if (!text.starts_with(kService)) return false;
  text.remove_prefix(kService.size());
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// "o-" and 10 to 32 small letters and digits.
bool is_organization(std::string_view text) {
  return text.starts_with("o-") && text.size() >= 12 && text.size() <= 34 &&
         std::all_of(text.begin() + 2, text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

/// A member that must be of some form where it is there.
std::optional<std::string> decode_text(const Fields& fields, std::string_view key,
                                       std::string_view member, bool (*is_right)(std::string_view),
                                       std::string_view pattern) {
  auto text = fields.text(key);
  if (text && !is_right(*text)) {
    fields.problems().violate(*text, member,
                              "satisfy regular expression pattern: " + std::string(pattern));
  }
  return text;
}

/// The conditions of a statement.
void decode_conditions(const Fields& fields, model::PolicyStatement& statement) {
  Problems& problems = fields.problems();
  statement.source_arn =
      decode_text(fields, "SourceArn", "sourceArn", is_arn,
                  "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:([a-z]{2}(-gov)?-[a-z]+-\\d{1})?:"
                  "(\\d{12})?:(.*)");
  statement.source_account =
      decode_text(fields, "SourceAccount", "sourceAccount", model::is_account_id, "\\d{12}");
  statement.organization = decode_text(fields, "PrincipalOrgID", "principalOrgID", is_organization,
                                       "^o-[a-z0-9]{10,32}$");
  statement.event_source_token = decode_text(
      fields, "EventSourceToken", "eventSourceToken",
      [](std::string_view text) { return is_word(text, "._-"); }, "[a-zA-Z0-9._\\-]+");
  if (statement.event_source_token) {
    check_length(*statement.event_source_token, kTokenMax, "eventSourceToken", problems);
  }
  statement.via_url = fields.boolean("InvokedViaFunctionUrl");
  if (const auto text = fields.text("FunctionUrlAuthType")) {
    statement.url_auth = model::parse_url_auth(*text);
    if (!statement.url_auth) {
      problems.violate(*text, "functionUrlAuthType", "satisfy enum value set: [AWS_IAM, NONE]");
    }
  }
}

model::PolicyStatement decode_statement(const Fields& fields) {
  Problems& problems = fields.problems();
  model::PolicyStatement statement;
  const auto id = decode_text(
      fields, "StatementId", "statementId",
      [](std::string_view text) { return is_word(text, "-_"); }, "([a-zA-Z0-9-_]+)");
  const auto action =
      decode_text(fields, "Action", "action", is_action, "(lambda:[*]|lambda:[a-zA-Z]+|[*])");
  const auto principal = decode_text(
      fields, "Principal", "principal",
      [](std::string_view text) {
        return !text.empty() && text.find_first_of(" \t\r\n\v\f") == std::string_view::npos;
      },
      "[^\\s]+");
  if (!id) problems.missing("statementId");
  if (!action) problems.missing("action");
  if (!principal) problems.missing("principal");
  statement.id = id.value_or("");
  statement.action = action.value_or("");
  statement.principal = principal.value_or("");
  check_length(statement.id, kIdMax, "statementId", problems);
  decode_conditions(fields, statement);
  return statement;
}

/// Errc: invalid. What the constraints do not say.
Result<void> check_statement(const model::PolicyStatement& statement) {
  if (!model::is_principal(statement.principal)) {
    return Error(Errc::invalid,
                 "The provided principal was invalid. Please check the principal and try again.");
  }
  if (statement.url_auth && statement.action != kUrlAction) {
    return Error(Errc::invalid,
                 "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
  }
  return ok();
}

json::value principal_of(const std::string& principal) {
  if (principal == "*") return json::value(principal);
  json::object out;
  if (model::is_account_id(principal)) {
    out["AWS"] = "arn:aws:iam::" + principal + ":root";
  } else {
    out[principal.starts_with("arn:") ? "AWS" : "Service"] = principal;
  }
  return out;
}

json::object conditions_of(const model::PolicyStatement& statement) {
  json::object equals;
  if (statement.source_account) equals["AWS:SourceAccount"] = *statement.source_account;
  if (statement.organization) equals["aws:PrincipalOrgID"] = *statement.organization;
  if (statement.url_auth) equals["lambda:FunctionUrlAuthType"] = to_string(*statement.url_auth);
  if (statement.event_source_token) {
    equals["lambda:EventSourceToken"] = *statement.event_source_token;
  }
  json::object conditions;
  if (!equals.empty()) conditions["StringEquals"] = std::move(equals);
  if (statement.source_arn) {
    conditions["ArnLike"] = json::object{{"AWS:SourceArn", *statement.source_arn}};
  }
  if (statement.via_url) {
    conditions["Bool"] =
        json::object{{"lambda:InvokedViaFunctionUrl", *statement.via_url ? "true" : "false"}};
  }
  return conditions;
}

json::object to_document(const model::PolicyStatement& statement, const std::string& arn) {
  json::object out;
  out["Sid"] = statement.id;
  out["Effect"] = "Allow";
  out["Principal"] = principal_of(statement.principal);
  out["Action"] = statement.action;
  out["Resource"] = arn;
  auto conditions = conditions_of(statement);
  if (!conditions.empty()) out["Condition"] = std::move(conditions);
  return out;
}

std::optional<std::string> revision_of(const Call& call) {
  const auto revision = call.request.query_value("RevisionId");
  if (!revision) return std::nullopt;
  return std::string(*revision);
}

}  // namespace

Task<http::Response> add_permission(Context& context, Call& call) {
  Problems problems;
  const json::object body = parse_object(call.request.body, problems);
  const Fields fields(body, problems);
  const auto statement = decode_statement(fields);
  auto revision = fields.text("RevisionId");
  if (auto refused = refusal(problems)) co_return std::move(*refused);
  CO_TRY(check_statement(statement));
  CO_TRY(const auto ref, decode_qualified(call));
  CO_TRY(co_await context.catalog.add_permission(ref, statement, std::move(revision)));
  json::object answer;
  answer["Statement"] = json::serialize(to_document(statement, ref.arn()));
  co_return json_response(201, json::serialize(answer));
}

Task<http::Response> get_policy(Context& context, Call& call) {
  CO_TRY(const auto ref, decode_qualified(call));
  CO_TRY(const auto record, context.catalog.find(ref));
  const auto policy = record->policies.find(ref.qualifier.value_or("$LATEST"));
  if (policy == record->policies.end()) {
    co_return Error(Errc::not_found, "The resource you requested does not exist.");
  }
  json::array statements;
  for (const auto& statement : policy->second.statements) {
    statements.push_back(to_document(statement, ref.arn()));
  }
  json::object document;
  document["Version"] = "2012-10-17";
  document["Id"] = "default";
  document["Statement"] = std::move(statements);
  json::object answer;
  answer["Policy"] = json::serialize(document);
  answer["RevisionId"] = policy->second.revision_id;
  co_return json_response(200, json::serialize(answer));
}

Task<http::Response> remove_permission(Context& context, Call& call) {
  CO_TRY(auto ref, decode_qualified(call));
  std::string id(call.parameters[1]);
  auto revision = revision_of(call);
  CO_TRY(co_await context.catalog.remove_permission(std::move(ref), std::move(id),
                                                    std::move(revision)));
  co_return http::Response(204);
}

}  // namespace proa::api
