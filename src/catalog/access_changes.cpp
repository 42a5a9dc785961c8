// Function URLs and permissions: how they are made, found, changed and removed.
#include "catalog/access_records.h"
#include "catalog/catalog_impl.h"
#include "catalog/names.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

/// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (resource-based policy)
constexpr std::size_t kPolicyBytesMax = 20'480;
constexpr std::size_t kUrlIdBytes = 16;

std::string key_of(const model::FunctionRef& ref) {
  return ref.qualifier.value_or(std::string(kLatest));
}

Error no_such_resource() {
  return Error(Errc::not_found, "The resource you requested does not exist.");
}

}  // namespace

Result<model::FunctionUrl> CatalogImpl::set_url(const model::FunctionRef& ref,
                                                const model::UrlChange& change, bool is_new) {
  TRY(const auto record, find(ref));
  FunctionDocument document = to_document(*record);
  const auto found = document.urls.find(key_of(ref));
  if (is_new && found != document.urls.end()) {
    return Error(Errc::conflict,
                 "Failed to create function url config for [functionArn = " + ref.arn() +
                     "]. Error message:  FunctionUrlConfig exists for this Lambda "
                     "function");
  }
  if (!is_new && found == document.urls.end()) return no_such_resource();
  model::FunctionUrl url;
  if (is_new) {
    url.id = random_.hex(kUrlIdBytes);
    url.created = clock_.wall_now();
  } else {
    url = found->second;
  }
  url.auth = change.auth.value_or(url.auth);
  if (change.cors) url.cors = change.cors;
  url.last_modified = clock_.wall_now();
  document.urls.insert_or_assign(key_of(ref), url);
  TRY(publish(std::move(document)));
  return url;
}

Result<void> CatalogImpl::remove_url(const model::FunctionRef& ref) {
  TRY(const auto record, find(ref));
  FunctionDocument document = to_document(*record);
  if (document.urls.erase(key_of(ref)) == 0) return no_such_resource();
  TRY(publish(std::move(document)));
  return ok();
}

Result<UrlTarget> CatalogImpl::find_url(std::string_view id) const {
  const auto urls = current_.get().urls;
  const auto found = urls->find(id);
  if (found == urls->end()) return Error(Errc::not_found, "There is no such function URL");
  return found->second;
}

Result<void> CatalogImpl::permit(const model::FunctionRef& ref,
                                 const model::PolicyStatement& statement,
                                 const std::optional<std::string>& revision_id) {
  if (ref.qualifier == kLatest) {
    return Error(Errc::invalid, "We currently do not support adding policies for $LATEST.");
  }
  TRY(const auto record, find(ref));
  FunctionDocument document = to_document(*record);
  model::ResourcePolicy& policy = document.policies[key_of(ref)];
  TRY(check_revision(policy.revision_id, revision_id));
  if (policy.find(statement.id) != nullptr) {
    return Error(Errc::conflict, "The statement id (" + statement.id +
                                     ") provided already exists. Please provide a new statement "
                                     "id, or remove the existing statement.");
  }
  policy.statements.push_back(statement);
  policy.revision_id = random_.uuid();
  if (boost::json::serialize(policies_to_json(document.policies)).size() > kPolicyBytesMax) {
    return Error(Errc::invalid, "The final policy size is bigger than the limit (" +
                                    std::to_string(kPolicyBytesMax) + ").");
  }
  TRY(publish(std::move(document)));
  return ok();
}

Result<void> CatalogImpl::revoke(const model::FunctionRef& ref, const std::string& statement_id,
                                 const std::optional<std::string>& revision_id) {
  TRY(const auto record, find(ref));
  FunctionDocument document = to_document(*record);
  const auto policy = document.policies.find(key_of(ref));
  if (policy == document.policies.end()) {
    return Error(Errc::not_found, "No policy is associated with the given resource.");
  }
  TRY(check_revision(policy->second.revision_id, revision_id));
  const auto removed =
      std::erase_if(policy->second.statements,
                    [&](const model::PolicyStatement& one) { return one.id == statement_id; });
  if (removed == 0) {
    return Error(Errc::not_found,
                 "Statement " + statement_id + " is not found in resource policy.");
  }
  policy->second.revision_id = random_.uuid();
  if (policy->second.statements.empty()) document.policies.erase(policy);
  TRY(publish(std::move(document)));
  return ok();
}

void CatalogImpl::show_urls(Snapshot& next, const FunctionRecord* before,
                            const FunctionRecordPtr& after) {
  const bool had_some = before != nullptr && !before->urls.empty();
  if (!had_some && (!after || after->urls.empty())) return;
  auto urls = std::make_shared<UrlMap>(*next.urls);
  if (before != nullptr) {
    for (const auto& [qualifier, url] : before->urls) urls->erase(url.id);
  }
  if (after) {
    for (const auto& [qualifier, url] : after->urls) {
      urls->insert_or_assign(url.id, UrlTarget{after, qualifier});
    }
  }
  next.urls = std::move(urls);
}

}  // namespace proa::catalog
