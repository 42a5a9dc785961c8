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

inline const std::string kUrlId = "abcdefghijklmnopqrstuvwxyz012345";

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

  void put(const std::string& name, catalog::Tags tags = {});

  Result<model::FunctionPtr> resolve(const model::FunctionRef& ref) const override;
  std::uint64_t generation() const override { return revision; }
  catalog::CodeLease lease_code(const model::FunctionVersion&) override { return {}; }
  std::filesystem::path tree_path(std::string_view) const override { return {}; }
  Result<catalog::FunctionRecordPtr> find(const model::FunctionRef& ref) const override;
  std::vector<catalog::FunctionRecordPtr> list(const model::Scope&, const std::string& after,
                                               std::size_t max_items) const override;

  Task<catalog::FunctionRecordPtr> create_function(catalog::NewFunction request) override;
  Task<catalog::FunctionRecordPtr> update_code(model::FunctionRef ref,
                                               catalog::CodeChange change) override;
  Task<catalog::FunctionRecordPtr> update_configuration(model::FunctionRef ref,
                                                        catalog::ConfigChange change) override;
  Task<void> delete_function(model::FunctionRef ref) override;
  Task<model::FunctionPtr> publish_version(model::FunctionRef ref,
                                           catalog::VersionRequest request) override;
  Task<catalog::Alias> create_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change) override;
  Task<catalog::Alias> update_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change) override;
  Task<catalog::Alias> change_alias(model::FunctionRef ref, std::string name,
                                    catalog::AliasChange change);
  Task<void> delete_alias(model::FunctionRef ref, std::string name) override;
  Task<catalog::FunctionRecordPtr> change_tags(
      model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) override;
  Task<model::EventInvokeConfig> change_event_config(model::FunctionRef ref,
                                                     catalog::EventConfigChange change) override;
  Task<void> delete_event_config(model::FunctionRef ref) override;
  Task<model::FunctionUrl> create_url(model::FunctionRef ref, model::UrlChange change) override;
  Task<model::FunctionUrl> update_url(model::FunctionRef ref, model::UrlChange change) override;
  Task<model::FunctionUrl> change_url(model::FunctionRef ref, model::UrlChange change);
  Task<void> delete_url(model::FunctionRef ref) override;
  Result<catalog::UrlTarget> find_url(std::string_view id) const override;
  Task<void> add_permission(model::FunctionRef ref, model::PolicyStatement statement,
                            std::optional<std::string> revision_id) override;
  Task<void> remove_permission(model::FunctionRef ref, std::string statement_id,
                               std::optional<std::string>) override;
  Task<catalog::FunctionRecordPtr> set_reserved_concurrency(
      model::FunctionRef ref, std::optional<std::uint32_t> count) override;
  Result<std::string> code_zip(const model::FunctionRef& ref) const override;

  Task<catalog::LayerVersionPtr> publish_layer_version(catalog::NewLayerVersion request) override;
  Task<void> delete_layer_version(model::Scope, std::string name, std::uint64_t version) override;
  Result<catalog::LayerVersionPtr> find_layer_version(const model::Scope&, const std::string& name,
                                                      std::uint64_t version) const override;
  Result<catalog::LayerVersionPtr> find_layer_version(const std::string&) const override;
  std::vector<catalog::LayerVersionPtr> list_layers(const model::Scope&, const std::string& after,
                                                    std::size_t max_items) const override;
  std::vector<catalog::LayerVersionPtr> list_layer_versions(const model::Scope&,
                                                            const std::string& name,
                                                            std::uint64_t before,
                                                            std::size_t max_items) const override;
  Result<std::string> layer_zip(const catalog::LayerVersion&) const override { return zip; }
  catalog::UploadStore& uploads() override { return *upload_store; }
  Task<catalog::ContainerImagePtr> load_image(catalog::NewImage request) override;
  Result<catalog::ContainerImagePtr> find_image(const std::string&,
                                                const std::string& name) const override;
  std::vector<catalog::ContainerImagePtr> list_images(const std::string&) const override {
    return images;
  }
  Task<void> remove_image(std::string account_id, std::string name) override;

  Task<catalog::RuntimeImagePtr> add_runtime_image(catalog::NewRuntimeImage request) override;
  Result<catalog::RuntimeImagePtr> find_runtime_image(const std::string&,
                                                      const std::string& name) const override;
  std::vector<catalog::RuntimeImagePtr> list_runtime_images(const std::string&) const override {
    return runtime_images;
  }
  std::vector<std::string> users_of_runtime_image(const std::string&,
                                                  const std::string&) const override {
    return {"us-east-1/hello"};
  }
  Task<void> remove_runtime_image(std::string account_id, std::string name) override;

  std::vector<catalog::RuntimeImagePtr> runtime_images;
  std::vector<catalog::ContainerImagePtr> images;
  std::optional<catalog::NewImage> loaded;
  std::unique_ptr<catalog::UploadStore> upload_store;  ///< set by the test that needs one

 private:
  static Error no_layers();
  catalog::FunctionRecordPtr store(model::FunctionVersion version, catalog::Tags tags);
};

/// Answers what the test put into `result` or `error`, and remembers the call.
class FakeDispatcher final : public dispatch::Dispatcher {
 public:
  model::InvocationResult result;
  std::optional<Error> error;
  std::optional<model::FunctionRef> ref;
  std::optional<model::Invocation> invocation;

  Task<model::InvocationResult> invoke(model::FunctionRef asked, model::Invocation call) override;
  Result<std::vector<DecisionRecord>> explain(const model::FunctionRef& asked) override;
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

  Task<void> accept(model::FunctionRef asked, model::Invocation call) override;
  Task<std::vector<dispatch::DeadLetter>> dead_letters(Selection wanted) override;
  Task<dispatch::DeadLetter> dead_letter(model::Scope, std::uint64_t id) override;
  Task<void> rerun(model::Scope, std::uint64_t id) override;
  Task<void> forget(model::Scope, std::uint64_t id) override;
  Task<dispatch::EventCounts> counts() override { co_return dispatch::EventCounts(); }

 private:
  static Error none(std::uint64_t id);
};

}  // namespace proa::api
