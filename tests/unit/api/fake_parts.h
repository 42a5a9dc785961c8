// Hand-written fakes of what api stands on: catalog, dispatcher, clock. Also for the fuzz target.
#pragma once

#include "base/clock.h"
#include "base/encoding.h"
#include "catalog/catalog.h"
#include "dispatch/dispatch.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace proa::api {

inline const WallTime kNow = WallTime(std::chrono::milliseconds(1735689600123));  // 2025-01-01

class FixedClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return SteadyTime(); }
  WallTime wall_now() const override { return kNow; }
};

/// A catalog in memory: records in a map, every change remembered, failures on demand.
class FakeCatalog final : public catalog::Catalog {
 public:
  std::map<std::string, catalog::FunctionRecord> records;  ///< by name
  std::optional<Error> next_error;                         ///< of the next change
  std::optional<catalog::NewFunction> created;
  std::optional<catalog::CodeChange> code_change;
  std::optional<catalog::ConfigChange> config_change;
  std::map<std::string, std::optional<std::string>> tag_changes;
  std::optional<catalog::EventConfigChange> event_change;
  std::vector<std::string> deleted;  ///< NAME or NAME:QUALIFIER
  std::optional<catalog::VersionRequest> version_request;
  std::optional<catalog::AliasChange> alias_change;
  std::string zip = "the zip";
  std::map<std::string, std::vector<catalog::LayerVersionPtr>> layers;  ///< by name
  std::uint64_t revision = 1;  ///< the generation: a test that changes `records` adds to it

  void put(const std::string& name, catalog::Tags tags = {}) {
    model::FunctionVersion version;
    version.account_id = "000000000000";
    version.region = "us-east-1";
    version.name = name;
    version.runtime = "python3.12";
    version.handler = "app.handler";
    version.role = "arn:aws:iam::000000000000:role/r";
    version.revision_id = "11111111-2222-4333-8444-555555555555";
    version.code_sha256_base64 = "c2hh";
    version.code_size = 321;
    version.last_modified = kNow;
    store(std::move(version), std::move(tags));
  }

  Result<model::FunctionPtr> resolve(const model::FunctionRef& ref) const override {
    TRY(const auto record, find(ref));
    return record->version_of(ref.qualifier);
  }
  std::uint64_t generation() const override { return revision; }
  catalog::CodeLease lease_code(const model::FunctionVersion&) override { return {}; }
  std::filesystem::path tree_path(std::string_view) const override { return {}; }
  Result<catalog::FunctionRecordPtr> find(const model::FunctionRef& ref) const override {
    const auto found = records.find(ref.name);
    const bool is_there = found != records.end() && found->second.version_of(ref.qualifier);
    if (!is_there || found->second.latest->region != ref.region) {
      return Error(Errc::not_found, "Function not found: " + ref.arn());
    }
    return std::make_shared<const catalog::FunctionRecord>(found->second);
  }
  std::vector<catalog::FunctionRecordPtr> list(const model::Scope&, const std::string& after,
                                               std::size_t max_items) const override {
    std::vector<catalog::FunctionRecordPtr> page;
    for (auto i = records.upper_bound(after); i != records.end() && page.size() < max_items; ++i) {
      page.push_back(std::make_shared<const catalog::FunctionRecord>(i->second));
    }
    return page;
  }

  Task<catalog::FunctionRecordPtr> create_function(catalog::NewFunction request) override {
    if (next_error) co_return *next_error;
    created = request;
    const bool is_published = request.is_published;
    model::FunctionVersion version = request.config;
    version.revision_id = "r1";
    version.code_size = request.zip.size();
    version.code_sha256_base64 = to_base64(as_chars(sha256(request.zip)));
    version.last_modified = kNow;
    model::FunctionRef ref{version.account_id, version.region, version.name, std::nullopt};
    auto record = store(std::move(version), std::move(request.tags));
    if (!is_published) co_return record;
    catalog::VersionRequest asked;
    CO_TRY(co_await publish_version(ref, std::move(asked)));
    co_return find(ref);
  }
  Task<catalog::FunctionRecordPtr> update_code(model::FunctionRef ref,
                                               catalog::CodeChange change) override {
    if (next_error) co_return *next_error;
    const bool is_published = change.is_published;
    code_change = std::move(change);
    if (is_published) {
      catalog::VersionRequest asked;
      CO_TRY(co_await publish_version(ref, std::move(asked)));
    }
    co_return find(ref);
  }
  Task<catalog::FunctionRecordPtr> update_configuration(model::FunctionRef ref,
                                                        catalog::ConfigChange change) override {
    if (next_error) co_return *next_error;
    config_change = std::move(change);
    co_return find(ref);
  }
  Task<void> delete_function(model::FunctionRef ref) override {
    CO_TRY(find(ref));
    deleted.push_back(ref.qualifier ? ref.name + ":" + *ref.qualifier : ref.name);
    co_return ok();
  }
  Task<model::FunctionPtr> publish_version(model::FunctionRef ref,
                                           catalog::VersionRequest request) override {
    if (next_error) co_return *next_error;
    CO_TRY(find(ref));
    version_request = request;
    catalog::FunctionRecord& record = records[ref.name];
    auto version = std::make_shared<model::FunctionVersion>(*record.latest);
    version->version = std::to_string(record.next_version);
    version->description = request.description.value_or(version->description);
    record.versions[record.next_version++] = version;
    co_return model::FunctionPtr(version);
  }
  Task<catalog::Alias> create_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change) override {
    return change_alias(std::move(ref), std::move(name), std::move(change));
  }
  Task<catalog::Alias> update_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change) override {
    return change_alias(std::move(ref), std::move(name), std::move(change));
  }
  Task<catalog::Alias> change_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change) {
    if (next_error) co_return *next_error;
    CO_TRY(find(ref));
    catalog::Alias& alias = records[ref.name].aliases[name];
    alias.name = name;
    alias.revision_id = "r";
    alias.version = change.version.value_or(alias.version);
    alias.description = change.description.value_or(alias.description);
    if (change.other) alias.other = *change.other;
    alias_change = std::move(change);
    co_return alias;
  }
  Task<void> delete_alias(model::FunctionRef ref, std::string name) override {
    CO_TRY(find(ref));
    records[ref.name].aliases.erase(name);
    co_return ok();
  }
  Task<catalog::FunctionRecordPtr> change_tags(
      model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) override {
    if (next_error) co_return *next_error;
    tag_changes = std::move(changes);
    co_return find(ref);
  }
  Task<model::EventInvokeConfig> change_event_config(model::FunctionRef ref,
                                                     catalog::EventConfigChange change) override {
    if (next_error) co_return *next_error;
    CO_TRY(find(ref));
    model::EventInvokeConfig& config = records[ref.name].event_configs["$LATEST"];
    config = change.applied_to(config);
    config.last_modified = kNow;
    event_change = std::move(change);
    co_return config;
  }
  Task<void> delete_event_config(model::FunctionRef ref) override {
    CO_TRY(catalog::find_event_config(*this, ref));
    records[ref.name].event_configs.clear();
    co_return ok();
  }
  Task<catalog::FunctionRecordPtr> set_reserved_concurrency(
      model::FunctionRef ref, std::optional<std::uint32_t> count) override {
    CO_TRY(find(ref));
    records[ref.name].reserved_concurrency = count;
    co_return find(ref);
  }
  Result<std::string> code_zip(const model::FunctionRef& ref) const override {
    TRY(find(ref));
    return zip;
  }

  Task<catalog::LayerVersionPtr> publish_layer_version(catalog::NewLayerVersion request) override {
    if (next_error) co_return *next_error;
    auto layer = std::make_shared<catalog::LayerVersion>();
    layer->account_id = request.scope.account_id;
    layer->region = request.scope.region;
    layer->name = request.name;
    layer->version = layers[request.name].size() + 1;
    layer->description = request.description;
    layer->license_info = request.license_info;
    layer->compatible_runtimes = request.compatible_runtimes;
    layer->compatible_architectures = request.compatible_architectures;
    layer->code_sha256_base64 = to_base64(as_chars(sha256(request.zip)));
    layer->code_size = request.zip.size();
    layer->created = kNow;
    layers[request.name].push_back(layer);
    co_return catalog::LayerVersionPtr(layer);
  }
  Task<void> delete_layer_version(model::Scope, std::string name, std::uint64_t version) override {
    deleted.push_back(name + ":" + std::to_string(version));
    co_return ok();
  }
  Result<catalog::LayerVersionPtr> find_layer_version(const model::Scope&, const std::string& name,
                                                      std::uint64_t version) const override {
    const auto found = layers.find(name);
    if (found == layers.end() || version > found->second.size()) return no_layers();
    return found->second[version - 1];
  }
  Result<catalog::LayerVersionPtr> find_layer_version(const std::string&) const override {
    return no_layers();
  }
  std::vector<catalog::LayerVersionPtr> list_layers(const model::Scope&, const std::string& after,
                                                    std::size_t max_items) const override {
    std::vector<catalog::LayerVersionPtr> page;
    for (auto i = layers.upper_bound(after); i != layers.end() && page.size() < max_items; ++i) {
      page.push_back(i->second.back());
    }
    return page;
  }
  std::vector<catalog::LayerVersionPtr> list_layer_versions(const model::Scope&,
                                                            const std::string& name,
                                                            std::uint64_t before,
                                                            std::size_t max_items) const override {
    const auto found = layers.find(name);
    std::vector<catalog::LayerVersionPtr> page;
    if (found == layers.end()) return page;
    for (auto i = found->second.rbegin(); i != found->second.rend(); ++i) {
      if (page.size() < max_items && (before == 0 || (*i)->version < before)) page.push_back(*i);
    }
    return page;
  }
  Result<std::string> layer_zip(const catalog::LayerVersion&) const override { return zip; }
  catalog::UploadStore& uploads() override { return *upload_store; }

  std::unique_ptr<catalog::UploadStore> upload_store;  ///< set by the test that needs one

 private:
  static Error no_layers() {
    return Error(Errc::not_found, "The resource you requested does not exist.");
  }
  catalog::FunctionRecordPtr store(model::FunctionVersion version, catalog::Tags tags) {
    const std::string name = version.name;
    catalog::FunctionRecord record;
    record.latest = std::make_shared<const model::FunctionVersion>(std::move(version));
    record.tags = std::move(tags);
    records[name] = record;
    ++revision;
    return std::make_shared<const catalog::FunctionRecord>(std::move(record));
  }
};

/// Answers what the test put into `result` or `error`, and remembers the call.
class FakeDispatcher final : public dispatch::Dispatcher {
 public:
  model::InvocationResult result;
  std::optional<Error> error;
  std::optional<model::FunctionRef> ref;
  std::optional<model::Invocation> invocation;

  Task<model::InvocationResult> invoke(model::FunctionRef asked, model::Invocation call) override {
    ref = std::move(asked);
    invocation = std::move(call);
    if (error) co_return *error;
    co_return result;
  }
  Result<std::vector<DecisionRecord>> explain(const model::FunctionRef& asked) override {
    ref = asked;
    if (error) return *error;
    return records;
  }
  std::vector<DecisionRecord> records;
};

/// Remembers what was accepted; dead letters as they are put in.
class FakeEvents final : public dispatch::EventQueue {
 public:
  std::optional<Error> error;
  std::optional<model::FunctionRef> ref;
  std::optional<model::Invocation> invocation;
  std::map<std::uint64_t, dispatch::DeadLetter> letters;
  std::optional<Selection> selection;
  std::vector<std::uint64_t> rerun_ids;

  Task<void> accept(model::FunctionRef asked, model::Invocation call) override {
    ref = std::move(asked);
    invocation = std::move(call);
    if (error) co_return *error;
    co_return ok();
  }
  Task<std::vector<dispatch::DeadLetter>> dead_letters(Selection wanted) override {
    selection = wanted;
    if (error) co_return *error;
    std::vector<dispatch::DeadLetter> page;
    for (auto i = letters.upper_bound(wanted.after); i != letters.end(); ++i) {
      if (page.size() < wanted.max) page.push_back(i->second);
    }
    co_return page;
  }
  Task<dispatch::DeadLetter> dead_letter(model::Scope, std::uint64_t id) override {
    const auto found = letters.find(id);
    if (found == letters.end()) co_return none(id);
    co_return found->second;
  }
  Task<void> rerun(model::Scope, std::uint64_t id) override {
    if (letters.erase(id) == 0) co_return none(id);
    rerun_ids.push_back(id);
    co_return ok();
  }
  Task<void> forget(model::Scope, std::uint64_t id) override {
    if (letters.erase(id) == 0) co_return none(id);
    co_return ok();
  }
  Task<dispatch::EventCounts> counts() override { co_return dispatch::EventCounts(); }

 private:
  static Error none(std::uint64_t id) {
    return Error(Errc::not_found, "There is no dead letter " + std::to_string(id) + ".");
  }
};

}  // namespace proa::api
