// Published versions and aliases: how they are made, changed and removed.
#include "catalog/catalog_impl.h"
#include "catalog/names.h"
#include "model/settings.h"

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

/// Whether two versions would run the same: all but number, revision, time and description.
bool is_same(const model::FunctionVersion& a, const model::FunctionVersion& b) {
  const auto same_layer = [](const model::LayerRef& x, const model::LayerRef& y) {
    return x.arn == y.arn;
  };
  return a.code_sha256_base64 == b.code_sha256_base64 && a.runtime == b.runtime &&
         a.handler == b.handler && a.role == b.role && a.memory_mib == b.memory_mib &&
         a.timeout == b.timeout && a.ephemeral_storage_mib == b.ephemeral_storage_mib &&
         a.architecture == b.architecture && a.environment == b.environment &&
         a.has_environment == b.has_environment && a.logging == b.logging &&
         a.settings == b.settings && a.image == b.image &&
         std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(), same_layer);
}

Tags setting_tags_of(const Tags& tags) {
  Tags out;
  for (const auto& [key, value] : tags) {
    if (key.starts_with(model::kSettingPrefix)) out.emplace(key, value);
  }
  return out;
}

std::string arn_of(model::FunctionRef ref, const std::string& qualifier) {
  ref.qualifier = qualifier;
  return ref.arn();
}

/// The alias that leads to a version; null: none does.
const Alias* find_alias_to(const FunctionRecord& record, const std::string& version) {
  for (const auto& [name, alias] : record.aliases) {
    if (alias.version == version || (alias.other && alias.other->version == version)) return &alias;
  }
  return nullptr;
}

/// Errc: not_found, invalid.
Result<void> check_alias(const FunctionRecord& record, const model::FunctionRef& ref,
                         const Alias& alias) {
  const auto is_there = [&record](const std::string& version) {
    return version == kLatest ||
           record.versions.contains(parse_version_number(version).value_or(0));
  };
  if (!is_there(alias.version)) {
    return Error(Errc::not_found, "Function not found: " + arn_of(ref, alias.version));
  }
  if (!alias.other) return ok();
  const std::string& other = alias.other->version;
  if (alias.version == kLatest || other == kLatest) {
    return Error(Errc::invalid,
                 "$LATEST is not supported for an alias pointing to more than 1 version");
  }
  if (other == alias.version) {
    return Error(Errc::invalid, "Invalid function version " + other + ". Function version " +
                                    other + " is already included in routing configuration.");
  }
  if (!is_there(other)) {
    return Error(Errc::not_found, "Function not found: " + arn_of(ref, other));
  }
  return ok();
}

}  // namespace

Result<void> check_revision(const std::string& revision_id,
                            const std::optional<std::string>& expected) {
  if (!expected || *expected == revision_id) return ok();
  return Error(Errc::precondition,
               "The Revision Id provided does not match the latest Revision Id. Call the "
               "GetFunction/GetAlias API to retrieve the latest Revision Id");
}

Result<model::FunctionPtr> CatalogImpl::add_version(const model::FunctionRef& ref,
                                                    const VersionRequest& request) {
  TRY(auto record, find_latest(ref));
  TRY(check_revision(record->latest->revision_id, request.revision_id));
  const std::string& code = record->latest->code_sha256_base64;
  if (request.code_sha256 && *request.code_sha256 != code) {
    return Error(Errc::invalid, "CodeSHA256 (" + *request.code_sha256 +
                                    ") is different from current CodeSHA256 in $LATEST (" + code +
                                    "). Please try again with the CodeSHA256 in $LATEST.");
  }
  FunctionDocument document = to_document(*record);
  TRY(auto version, freeze(document, request.description));
  if (document.next_version != record->next_version) {
    TRY(publish(std::move(document)));
  }
  return version;
}

Result<model::FunctionPtr> CatalogImpl::freeze(FunctionDocument& document,
                                               const std::optional<std::string>& description) {
  // One that was deleted is published again, by another number.
  const auto last = document.versions.find(document.next_version - 1);
  if (last != document.versions.end() && is_same(*last->second, document.latest)) {
    return last->second;
  }
  VersionDocument frozen;
  frozen.version = document.latest;
  frozen.version.version = std::to_string(document.next_version);
  frozen.version.revision_id = random_.uuid();
  frozen.version.last_modified = clock_.wall_now();
  if (description) frozen.version.description = *description;
  frozen.setting_tags = setting_tags_of(document.tags);
  TRY(write(frozen));
  auto version = keep(std::move(frozen.version));
  document.versions.emplace(document.next_version, version);
  ++document.next_version;
  return version;
}

Result<void> CatalogImpl::remove_version(const FunctionRecord& record,
                                         const model::FunctionRef& ref) {
  const std::string& qualifier = *ref.qualifier;
  if (qualifier == kLatest) {
    return Error(Errc::invalid, "$LATEST version cannot be deleted without deleting the function.");
  }
  if (record.alias_of(qualifier) != nullptr) {
    return Error(Errc::invalid, "Deletion of aliases is not currently supported.");
  }
  if (const Alias* const alias = find_alias_to(record, qualifier)) {
    return Error(Errc::conflict, "The version " + qualifier + " cannot be deleted: the alias " +
                                     alias->name + " leads to it.");
  }
  FunctionDocument document = to_document(record);
  TRY(store_.remove(kVersionBucket,
                    record_key(ref.account_id, ref.region, ref.name) + "/" + qualifier));
  document.versions.erase(parse_version_number(qualifier).value_or(0));
  document.event_configs.erase(qualifier);
  document.policies.erase(qualifier);
  TRY(publish(std::move(document)));
  return ok();
}

Result<Alias> CatalogImpl::set_alias(const model::FunctionRef& ref, const std::string& name,
                                     const AliasChange& change, bool is_new) {
  TRY(auto record, find_latest(ref));
  FunctionDocument document = to_document(*record);
  const auto found = document.aliases.find(name);
  const std::string arn = arn_of(ref, name);
  if (is_new && found != document.aliases.end()) {
    return Error(Errc::conflict, "Alias already exists: " + arn);
  }
  Alias alias;
  if (!is_new) {
    if (found == document.aliases.end()) {
      return Error(Errc::not_found, "Cannot find alias arn: " + arn);
    }
    alias = found->second;
    TRY(check_revision(alias.revision_id, change.revision_id));
  }
  alias.name = name;
  alias.version = change.version.value_or(alias.version);
  alias.description = change.description.value_or(alias.description);
  if (change.other) alias.other = *change.other;
  TRY(check_alias(*record, ref, alias));
  alias.revision_id = random_.uuid();
  document.aliases.insert_or_assign(name, alias);
  TRY(publish(std::move(document)));
  return alias;
}

Result<void> CatalogImpl::remove_alias(const model::FunctionRef& ref, const std::string& name) {
  TRY(auto record, find_latest(ref));
  if (!record->aliases.contains(name)) return ok();
  FunctionDocument document = to_document(*record);
  document.aliases.erase(name);
  document.event_configs.erase(name);
  document.urls.erase(name);
  document.policies.erase(name);
  TRY(publish(std::move(document)));
  return ok();
}

}  // namespace proa::catalog
