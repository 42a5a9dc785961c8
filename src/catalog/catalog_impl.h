// The one Catalog: reads from the snapshot, changes on a strand over the blocking pool.
#pragma once

#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/code_store.h"
#include "catalog/records.h"
#include "catalog/snapshot.h"

#include <boost/asio/strand.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace proa::catalog {

/// See catalog.h. The synchronous members below the Tasks run on the strand only, each a whole
/// change: look at the snapshot, check, write the record, publish the next snapshot.
class CatalogImpl final : public Catalog {
 public:
  CatalogImpl(CatalogOptions options, storage::KeyValueStore& store,
              boost::asio::thread_pool& blocking, Clock& clock, CodeStore code,
              std::unique_ptr<UploadStore> uploads);

  /// Before anything else is called.
  Result<void> load();

  Result<model::FunctionPtr> resolve(const model::FunctionRef& ref) const override;
  std::uint64_t generation() const override { return current_.generation(); }
  CodeLease lease_code(const model::FunctionVersion& version) override;
  std::filesystem::path tree_path(std::string_view tree_id) const override;
  Result<FunctionRecordPtr> find(const model::FunctionRef& ref) const override;
  std::vector<FunctionRecordPtr> list(const model::Scope& scope, const std::string& after,
                                      std::size_t max_items) const override;
  Task<FunctionRecordPtr> create_function(NewFunction request) override;
  Task<FunctionRecordPtr> update_code(model::FunctionRef ref, CodeChange change) override;
  Task<FunctionRecordPtr> update_configuration(model::FunctionRef ref,
                                               ConfigChange change) override;
  Task<void> delete_function(model::FunctionRef ref) override;
  Task<FunctionRecordPtr> change_tags(
      model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) override;
  Task<model::EventInvokeConfig> change_event_config(model::FunctionRef ref,
                                                     EventConfigChange change) override;
  Task<void> delete_event_config(model::FunctionRef ref) override;
  Task<FunctionRecordPtr> set_reserved_concurrency(model::FunctionRef ref,
                                                   std::optional<std::uint32_t> count) override;
  Result<std::string> code_zip(const model::FunctionRef& ref) const override;

  Task<LayerVersionPtr> publish_layer_version(NewLayerVersion request) override;
  Task<void> delete_layer_version(model::Scope scope, std::string name,
                                  std::uint64_t version) override;
  Result<LayerVersionPtr> find_layer_version(const model::Scope& scope, const std::string& name,
                                             std::uint64_t version) const override;
  Result<LayerVersionPtr> find_layer_version(const std::string& arn) const override;
  std::vector<LayerVersionPtr> list_layers(const model::Scope& scope, const std::string& after,
                                           std::size_t max_items) const override;
  std::vector<LayerVersionPtr> list_layer_versions(const model::Scope& scope,
                                                   const std::string& name, std::uint64_t before,
                                                   std::size_t max_items) const override;
  Result<std::string> layer_zip(const LayerVersion& layer) const override;
  UploadStore& uploads() override { return *uploads_; }

 private:
  // function_changes.cpp
  Result<FunctionRecordPtr> create(NewFunction& request);
  Result<FunctionRecordPtr> change_code(const model::FunctionRef& ref, CodeChange& change);
  Result<FunctionRecordPtr> change_configuration(const model::FunctionRef& ref,
                                                 const ConfigChange& change);
  Result<void> remove(const model::FunctionRef& ref);
  Result<FunctionRecordPtr> tag(const model::FunctionRef& ref,
                                const std::map<std::string, std::optional<std::string>>& changes);
  Result<FunctionRecordPtr> reserve(const model::FunctionRef& ref,
                                    std::optional<std::uint32_t> count);
  /// Puts an installed package into the document and checks that everything fits together.
  Result<void> use_code(FunctionDocument& document, const InstalledPackage& package) const;
  Result<void> use_layers(FunctionDocument& document, const std::vector<std::string>& arns) const;
  Result<void> check_size(const FunctionDocument& document) const;
  Result<void> check_native(const FunctionDocument& document) const;
  void renew_revision(FunctionDocument& document);

  // event_config_changes.cpp
  Result<model::EventInvokeConfig> set_event_config(const model::FunctionRef& ref,
                                                    const EventConfigChange& change);
  Result<void> remove_event_config(const model::FunctionRef& ref);
  Result<void> check_destinations(const EventConfigChange& change,
                                  const model::FunctionRef& ref) const;
  Result<void> check_function(const std::string& arn, const model::FunctionRef& ref) const;

  // archives.cpp
  /// Fetches the archive from wherever it is, stores and unpacks it.
  Result<InstalledPackage> install(const ArchiveSource& source, const std::string& account_id);
  Result<InstalledPackage> install_upload(const std::string& id, const std::string& account_id);
  /// The change that `source` was for is published: its upload has been used.
  void finish(const ArchiveSource& source, const std::string& account_id);

  // publish.cpp
  Result<void> load_functions();
  Result<void> load_layers();
  Result<model::Settings> settings_of(const Tags& tags) const;
  /// A snapshot's record: its version keeps the trees as long as anyone holds it.
  FunctionRecordPtr to_record(const FunctionDocument& document);
  /// Writes the record, then shows it. Errc: invalid (a field that could not be read back), os ...
  Result<FunctionRecordPtr> publish(FunctionDocument document);
  Result<void> publish(LayerDocument document);
  void show(const std::string& key, FunctionRecordPtr record);
  void hold_trees(const FunctionRecord& record);
  void drop_trees(const FunctionRecord& record);

  // layer_changes.cpp
  Result<LayerVersionPtr> add_layer_version(NewLayerVersion& request);
  Result<void> remove_layer_version(const model::Scope& scope, const std::string& name,
                                    std::uint64_t version);

  CatalogOptions options_;
  storage::KeyValueStore& store_;
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
  Clock& clock_;
  std::unique_ptr<UploadStore> uploads_;
  CodeStore code_;  // before the snapshot, whose versions hold leases of it
  CurrentSnapshot current_;
  RandomSource random_;  // on the strand
};

/// The trees a version needs: its code, then its layers.
std::vector<std::string> trees_of(const model::FunctionVersion& version);

/// The document behind a record, to be changed and published.
FunctionDocument to_document(const FunctionRecord& record);

}  // namespace proa::catalog
