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
  Task<model::FunctionPtr> publish_version(model::FunctionRef ref, VersionRequest request) override;
  Task<Alias> create_alias(model::FunctionRef ref, std::string name, AliasChange change) override;
  Task<Alias> update_alias(model::FunctionRef ref, std::string name, AliasChange change) override;
  Task<void> delete_alias(model::FunctionRef ref, std::string name) override;
  Task<FunctionRecordPtr> change_tags(
      model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) override;
  Task<model::EventInvokeConfig> change_event_config(model::FunctionRef ref,
                                                     EventConfigChange change) override;
  Task<void> delete_event_config(model::FunctionRef ref) override;
  Task<model::FunctionUrl> create_url(model::FunctionRef ref, model::UrlChange change) override;
  Task<model::FunctionUrl> update_url(model::FunctionRef ref, model::UrlChange change) override;
  Task<void> delete_url(model::FunctionRef ref) override;
  Result<UrlTarget> find_url(std::string_view id) const override;
  Task<void> add_permission(model::FunctionRef ref, model::PolicyStatement statement,
                            std::optional<std::string> revision_id) override;
  Task<void> remove_permission(model::FunctionRef ref, std::string statement_id,
                               std::optional<std::string> revision_id) override;
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
  Task<ContainerImagePtr> load_image(NewImage request) override;
  Result<ContainerImagePtr> find_image(const std::string& account_id,
                                       const std::string& name) const override;
  std::vector<ContainerImagePtr> list_images(const std::string& account_id) const override;
  Task<void> remove_image(std::string account_id, std::string name) override;
  Task<RuntimeImagePtr> add_runtime_image(NewRuntimeImage request) override;
  Result<RuntimeImagePtr> find_runtime_image(const std::string& account_id,
                                             const std::string& name) const override;
  std::vector<RuntimeImagePtr> list_runtime_images(const std::string& account_id) const override;
  std::vector<std::string> users_of_runtime_image(const std::string& account_id,
                                                  const std::string& name) const override;
  Task<void> remove_runtime_image(std::string account_id, std::string name) override;

 private:
  // function_changes.cpp
  /// find(), where only $LATEST can be meant. Errc: not_found, invalid.
  Result<FunctionRecordPtr> find_latest(const model::FunctionRef& ref) const;
  Result<FunctionRecordPtr> create(NewFunction& request);
  Result<FunctionRecordPtr> change_code(const model::FunctionRef& ref, CodeChange& change);
  Result<FunctionRecordPtr> change_configuration(const model::FunctionRef& ref,
                                                 const ConfigChange& change);
  Result<void> remove(const model::FunctionRef& ref);
  Result<FunctionRecordPtr> tag(const model::FunctionRef& ref,
                                const std::map<std::string, std::optional<std::string>>& changes);
  Result<FunctionRecordPtr> reserve(const model::FunctionRef& ref,
                                    std::optional<std::uint32_t> count);
  /// Fetches what `source` names and puts it into the document; `lease` keeps it until a record
  /// does.
  Result<void> use_source(FunctionDocument& document, const ArchiveSource& source,
                          CodeLease& lease);
  /// Puts an installed package into the document and checks that everything fits together.
  Result<void> use_code(FunctionDocument& document, const InstalledPackage& package) const;
  Result<void> use_layers(FunctionDocument& document, const std::vector<std::string>& arns) const;
  Result<void> check_size(const FunctionDocument& document) const;
  Result<void> check_native(const FunctionDocument& document) const;
  void renew_revision(FunctionDocument& document);

  // version_changes.cpp
  Result<model::FunctionPtr> add_version(const model::FunctionRef& ref,
                                         const VersionRequest& request);
  /// The version that `document` is now, if need be written and put into it.
  Result<model::FunctionPtr> freeze(FunctionDocument& document,
                                    const std::optional<std::string>& description);
  Result<void> remove_version(const FunctionRecord& record, const model::FunctionRef& ref);
  Result<Alias> set_alias(const model::FunctionRef& ref, const std::string& name,
                          const AliasChange& change, bool is_new);
  Result<void> remove_alias(const model::FunctionRef& ref, const std::string& name);

  // event_config_changes.cpp
  Result<model::EventInvokeConfig> set_event_config(const model::FunctionRef& ref,
                                                    const EventConfigChange& change);
  Result<void> remove_event_config(const model::FunctionRef& ref);
  Result<void> check_destinations(const EventConfigChange& change,
                                  const model::FunctionRef& ref) const;
  Result<void> check_function(const std::string& arn, const model::FunctionRef& ref) const;

  // access_changes.cpp
  Result<model::FunctionUrl> set_url(const model::FunctionRef& ref, const model::UrlChange& change,
                                     bool is_new);
  Result<void> remove_url(const model::FunctionRef& ref);
  Result<void> permit(const model::FunctionRef& ref, const model::PolicyStatement& statement,
                      const std::optional<std::string>& revision_id);
  Result<void> revoke(const model::FunctionRef& ref, const std::string& statement_id,
                      const std::optional<std::string>& revision_id);
  /// Where the URLs of a record lead in the next snapshot. `before`, `after`: null if none.
  static void show_urls(Snapshot& next, const FunctionRecord* before,
                        const FunctionRecordPtr& after);

  // archives.cpp
  /// Fetches the archive from wherever it is, stores and unpacks it.
  Result<InstalledPackage> install(const ArchiveSource& source, const std::string& account_id);
  Result<InstalledPackage> install_upload(const std::string& id, const std::string& account_id);
  /// The change that `source` was for is published: its upload has been used.
  void finish(const ArchiveSource& source, const std::string& account_id);

  // publish.cpp
  Result<void> load_functions();
  /// The published versions of all functions, by record key.
  using Versions = std::map<std::string, std::map<std::uint64_t, model::FunctionPtr>>;
  Result<Versions> load_versions(const std::map<std::string, FunctionDocument>& documents);
  Result<void> ensure_trees(const model::FunctionVersion& version, const std::string& where);
  Result<void> load_layers();
  Result<model::Settings> settings_of(const Tags& tags) const;
  /// A version that keeps its trees as long as anyone holds it.
  model::FunctionPtr keep(model::FunctionVersion version);
  /// A snapshot's record. A version that stays as it was stays the same pointer, and so do its warm
  /// environments.
  FunctionRecordPtr to_record(const FunctionDocument& document,
                              const FunctionRecord* previous = nullptr);
  /// Writes the record of a version, before that of its function tells of it: one that no function
  /// tells of is what a crash left. Errc: as publish().
  Result<void> write(const VersionDocument& document);
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

  // image_changes.cpp
  /// What an upload turns out to be, before the record that keeps it.
  struct PreparedImage {
    ContainerImage image;
    InstalledImage installed;
  };
  using PreparedImagePtr = std::shared_ptr<PreparedImage>;
  Result<void> load_images();
  Result<PreparedImagePtr> prepare(const NewImage& request);
  Result<ContainerImagePtr> add_image(const PreparedImage& prepared, const NewImage& request);
  Result<void> drop_image(const std::string& account_id, const std::string& name);
  /// Writes and shows it.
  Result<ContainerImagePtr> publish(ContainerImage image);
  void show_image(const std::string& key, ContainerImagePtr image);
  /// Makes an image the code of a function. Errc: invalid (there is none of that name; nothing to
  /// start).
  Result<void> use_image(FunctionDocument& document, const std::string& uri) const;
  /// Finds the program again, after a change of image or ImageConfig.
  Result<void> use_program(FunctionDocument& document) const;
  ImageRules image_rules() const { return {options_.image_limits, options_.image_files}; }

  // runtime_changes.cpp
  struct PreparedRuntime {
    RuntimeImage image;
    InstalledImage installed;
  };
  using PreparedRuntimePtr = std::shared_ptr<PreparedRuntime>;
  Result<void> load_runtime_images();
  Result<PreparedRuntimePtr> prepare(const NewRuntimeImage& request);
  Result<RuntimeImagePtr> publish(const PreparedRuntime& prepared, const NewRuntimeImage& request);
  Result<void> drop_runtime_image(const std::string& account_id, const std::string& name);
  void show_runtime_image(const std::string& key, RuntimeImagePtr image);
  /// Finds the root that the version's settings name, and the interpreter in it. Errc: invalid
  /// (there is none of that name, it lacks the runtime, or the function is a container image).
  Result<void> use_root(model::FunctionVersion& version) const;
  RootRules root_rules() const;
  /// A complete upload whose bytes are what was announced. Errc: not_found, invalid, os.
  struct CheckedUpload {
    std::filesystem::path file;
    std::string sha256;
    std::uint64_t bytes = 0;
  };
  Result<CheckedUpload> checked_upload(const std::string& account_id,
                                       const std::string& upload_id) const;

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

/// Errc: precondition, where a revision is expected that is not this one.
Result<void> check_revision(const std::string& revision_id,
                            const std::optional<std::string>& expected);

/// The document behind a record, to be changed and published.
FunctionDocument to_document(const FunctionRecord& record);

}  // namespace proa::catalog
