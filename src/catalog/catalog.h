// The catalog: which functions, versions and layers exist, and the unpacked code behind them.
//
// Nouns: FunctionRecord (a function with what is not part of a version: tags, reserved
// concurrency, aliases), Alias (a name for a version, or for two of them), LayerVersion, CodeStore
// (unpacked trees by content), CodeLease. `api` calls the changing operations, `dispatch` calls
// resolve(). Underneath: storage::KeyValueStore for records, files for zips and trees. Changes run
// one at a time on the catalog's strand over the blocking pool; reads come from an immutable
// snapshot and are safe on any thread. A change is durable before its Task completes, on the
// caller's executor. Cancelling a Task gives up a change that has not begun (`cancelled`); one that
// has begun is finished all the same. Long document: docs/architecture.md, "Catalog and code".
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "catalog/archive_source.h"
#include "catalog/code_store.h"
#include "catalog/object_folder.h"
#include "catalog/upload_store.h"
#include "model/event_invoke_config.h"
#include "model/function.h"
#include "model/function_ref.h"
#include "model/function_url.h"
#include "model/resource_policy.h"
#include "oci/oci.h"
#include "storage/storage.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

using Tags = std::map<std::string, std::string>;
/// How asynchronous calls are configured, by qualifier ("$LATEST").
using EventConfigs = std::map<std::string, model::EventInvokeConfig>;
/// Function URLs, and whom others have been let in by, likewise: "$LATEST" is the unqualified one.
using Urls = std::map<std::string, model::FunctionUrl>;
using Policies = std::map<std::string, model::ResourcePolicy>;

/// CreateFunction after decoding. Shape constraints were checked by api; the catalog checks what
/// needs the code or other records.
struct NewFunction : ArchiveSource {
  model::FunctionVersion
      config;  ///< account, region, name, runtime ...; ids and hashes are filled in
  std::vector<std::string> layer_arns;
  Tags tags;
  bool is_published = false;  ///< as version 1, too
};

/// UpdateFunctionConfiguration: what is set is changed.
struct ConfigChange {
  std::optional<std::string> runtime;
  std::optional<std::string> handler;
  std::optional<std::string> role;
  std::optional<std::string> description;
  std::optional<std::uint32_t> memory_mib;
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::uint32_t> ephemeral_storage_mib;
  std::optional<std::map<std::string, std::string>> environment;
  std::optional<std::vector<std::string>> layer_arns;
  model::LoggingChange logging;                       ///< refused (invalid) where levels do not fit
  std::optional<model::ImageOverrides> image_config;  ///< of functions of an image only
  std::optional<std::string> revision_id;             ///< refused (precondition) when stale
};

/// UpdateFunctionCode.
struct CodeChange : ArchiveSource {
  std::optional<std::string> architecture;
  std::optional<std::string> revision_id;  ///< refused (precondition) when stale
  bool is_dry_run = false;                 ///< checks everything, changes nothing
  bool is_published = false;               ///< as a version, too
};

/// PublishVersion.
struct VersionRequest {
  std::optional<std::string> description;  ///< of the version; that of $LATEST if none
  std::optional<std::string> code_sha256;  ///< refused (invalid) when it is not that of $LATEST
  std::optional<std::string> revision_id;  ///< refused (precondition) when stale
};

/// Where an alias leads besides its version, and how often.
struct AliasRoute {
  std::string version;  ///< a number
  double weight = 0;    ///< the share of calls, 0 to 1

  bool operator==(const AliasRoute&) const = default;
};

/// A name for a version. A value.
/// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
struct Alias {
  std::string name;
  std::string version;  ///< a number, or "$LATEST"
  std::string description;
  std::string revision_id;  ///< a UUID, new with every change
  std::optional<AliasRoute> other;

  bool operator==(const Alias&) const = default;
};

/// CreateAlias and UpdateAlias after decoding: what is set is changed.
struct AliasChange {
  std::optional<std::string> version;
  std::optional<std::string> description;
  std::optional<std::optional<AliasRoute>> other;
  std::optional<std::string> revision_id;  ///< refused (precondition) when stale
};

/// A function and what belongs to it besides its versions. Immutable snapshot.
struct FunctionRecord {
  model::FunctionPtr latest;
  Tags tags;
  std::optional<std::uint32_t> reserved_concurrency;
  EventConfigs event_configs;
  std::uint64_t next_version = 1;  ///< never given twice, not even after a deletion
  std::map<std::uint64_t, model::FunctionPtr> versions;  ///< published and not deleted
  std::map<std::string, Alias> aliases;                  ///< by name
  Urls urls;
  Policies policies;
  std::uint64_t code_unpacked_bytes = 0;  ///< of `latest`, as the next
  std::uint64_t layers_unpacked_bytes = 0;

  /// What a qualifier stands for: none and "$LATEST", a number, or an alias, of which it is the
  /// version, whatever else it leads to. Null: nothing.
  model::FunctionPtr version_of(const std::optional<std::string>& qualifier) const;
  /// The one published last; null: none was, or it is deleted.
  model::FunctionPtr newest_version() const;
  /// The alias of that name; null: it is none.
  const Alias* alias_of(const std::optional<std::string>& qualifier) const;
};
using FunctionRecordPtr = std::shared_ptr<const FunctionRecord>;

/// Whose a function URL is.
struct UrlTarget {
  FunctionRecordPtr record;
  std::string qualifier;  ///< of record->urls
};

/// PutFunctionEventInvokeConfig and UpdateFunctionEventInvokeConfig after decoding.
struct EventConfigChange {
  std::optional<std::uint32_t> retries_max;     ///< 0 to 2
  std::optional<std::chrono::seconds> age_max;  ///< 60 to 21,600 s
  std::optional<std::string> on_success;        ///< an ARN, or "" for none
  std::optional<std::string> on_failure;        ///< the same
  bool is_replacing = false;  ///< what is not set goes (Put); else it stays (Update)

  /// What becomes of a configuration that was `before`; last_modified is left to the caller.
  model::EventInvokeConfig applied_to(const model::EventInvokeConfig& before) const;
};

/// PublishLayerVersion after decoding.
struct NewLayerVersion : ArchiveSource {
  model::Scope scope;
  std::string name;
  std::string description;
  std::string license_info;
  std::vector<std::string> compatible_runtimes;
  std::vector<std::string> compatible_architectures;
};

/// Loading a container image.
struct NewImage {
  std::string account_id;
  std::string upload_id;  ///< of an archive, which is used up
  std::string name;       ///< what it is called from now on; empty: as the archive says
};

/// A container image that functions can be made of; immutable. Of one account, in all regions.
struct ContainerImage {
  std::string account_id;
  std::string digest;              ///< "sha256:" and 64 hex digits, of its manifest
  std::vector<std::string> names;  ///< "app:latest"; none: another image took them
  std::string tree_id;             ///< its files, unpacked: name in the code store
  std::string architecture;        ///< as Lambda says: "x86_64"
  model::ImageDefaults defaults;
  std::uint64_t layers = 0;
  std::uint64_t archive_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::uint64_t skipped = 0;  ///< devices and other nodes that no function may have
  WallTime loaded;
};
using ContainerImagePtr = std::shared_ptr<const ContainerImage>;

/// Adding a runtime image.
struct NewRuntimeImage {
  std::string account_id;
  std::string upload_id;  ///< of a tar file of a root, which is used up
  std::string name;
  std::vector<std::string> asked_for;  ///< Debian packages that it was built of; empty: it was not
};

/// A root with interpreters that functions can run in; immutable. Of one account, in all regions.
struct RuntimeImage {
  std::string account_id;
  std::string name;     ///< stands for this root as long as it is there
  std::string sha256;   ///< of its archive, 64 hex digits
  std::string tree_id;  ///< its files, unpacked: name in the code store
  oci::RootContents contents;
  std::vector<std::string> asked_for;  ///< as NewRuntimeImage
  std::uint64_t archive_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  std::uint64_t skipped = 0;  ///< devices and other nodes that no function may have
  WallTime added;
};
using RuntimeImagePtr = std::shared_ptr<const RuntimeImage>;

/// One version of a layer; immutable.
struct LayerVersion {
  std::string account_id;
  std::string region;
  std::string name;
  std::uint64_t version = 0;  ///< from 1; never given twice, not even after a deletion
  std::string description;
  std::string license_info;
  std::vector<std::string> compatible_runtimes;
  std::vector<std::string> compatible_architectures;
  std::string code_sha256_base64;
  std::uint64_t code_size = 0;
  std::uint64_t unpacked_bytes = 0;
  std::string tree_id;
  WallTime created;

  /// arn:aws:lambda:REGION:ACCOUNT:layer:NAME
  std::string layer_arn() const;
  /// The same with ":VERSION".
  std::string version_arn() const;
};
/// Shared by the snapshot and whoever reads it: either may end last.
using LayerVersionPtr = std::shared_ptr<const LayerVersion>;

/// The version ("3.11.2") of the interpreter that will run a runtime ("python3.11"), if known. An
/// error (unsupported: none can run it) refuses the change that asked. Called on the blocking pool,
/// one call at a time.
using InterpreterVersions =
    std::function<Result<std::optional<std::string>>(std::string_view runtime)>;

struct CatalogOptions {
  std::filesystem::path data_folder;  ///< must exist; code/ and blobs/ are made inside, mode 0700
  model::Settings default_settings;
  InterpreterVersions interpreter_versions;  ///< empty: extension modules' versions are not checked
  PackageLimits package_limits;
  oci::Limits image_limits;
  std::string architecture;  ///< "x86_64": that of images which can be loaded; empty: any
  /// Text of files that every image gets, by path: resolv.conf and such.
  std::map<std::string, std::string> image_files;
  oci::RootAdditions root_additions;  ///< the same for runtime images, in addition
  UploadLimits upload_limits;
  const ObjectFolder* objects = nullptr;     ///< outlives the catalog; none: there is no bucket
  std::uint32_t account_concurrency = 1000;  ///< of one account in one region
  std::uint32_t unreserved_concurrency_min = 100;  ///< what reservations must leave over
};

/// Owned by main; outlives every caller and every Task, and is destroyed before the blocking pool.
/// Construct with open().
class Catalog {
 public:
  /// Loads all records and unpacks again what a record needs and is missing (blocks); removes zips
  /// and trees that no record refers to (left by a crash).
  /// Errc: corrupt (names the record), unsupported (a record of a newer Proa), os, exhausted.
  static Result<std::unique_ptr<Catalog>> open(CatalogOptions options,
                                               storage::KeyValueStore& store,
                                               boost::asio::thread_pool& blocking, Clock& clock);
  virtual ~Catalog() = default;

  /// The version a call runs: any thread, no waiting. The code tree and the layers stay as long as
  /// the pointer (not a copy of what it points to) is held. Errc: not_found with Lambda's text
  /// "Function not found: ARN". Of an alias it is the version, whatever else it leads to.
  virtual Result<model::FunctionPtr> resolve(const model::FunctionRef& ref) const = 0;
  /// Grows with every change of any function, after the change can be seen; one atomic load. Read
  /// it *before* resolve(): as long as it gives the same number, the resolved pointer is current.
  virtual std::uint64_t generation() const = 0;
  /// Keeps code and layers of a version while an environment uses them; any thread, no waiting.
  /// Precondition: `version` is what a FunctionPtr of resolve() or find() points to, still held.
  virtual CodeLease lease_code(const model::FunctionVersion& version) = 0;
  /// Folder of an unpacked tree. Exists while a lease or a record keeps it.
  virtual std::filesystem::path tree_path(std::string_view tree_id) const = 0;

  /// The whole record, for GetFunction. Errc: not_found (the function, or what is its qualifier).
  virtual Result<FunctionRecordPtr> find(const model::FunctionRef& ref) const = 0;
  /// Functions of an account and region in the order of their names, after `after` (exclusive).
  virtual std::vector<FunctionRecordPtr> list(const model::Scope& scope, const std::string& after,
                                              std::size_t max_items) const = 0;

  /// Unpacks, checks, stores. Errc: conflict (exists: "Function already exist: NAME"), invalid (not
  /// a zip, zip slip, links out of the tree, devices, native code for another machine, unknown
  /// layer, a proa: tag ...), unsupported (a proa: tag), too_large (zip), exhausted, os.
  virtual Task<FunctionRecordPtr> create_function(NewFunction request) = 0;
  /// Errc: not_found, precondition (revision id), and as create_function.
  virtual Task<FunctionRecordPtr> update_code(model::FunctionRef ref, CodeChange change) = 0;
  /// Errc: not_found, precondition (revision id), invalid, exhausted, os.
  virtual Task<FunctionRecordPtr> update_configuration(model::FunctionRef ref,
                                                       ConfigChange change) = 0;
  /// The function with all versions and aliases, or the one version of the qualifier. Errc:
  /// not_found, invalid ($LATEST alone, an alias), conflict (an alias leads to it). Code trees go
  /// when their last users have let them go.
  virtual Task<void> delete_function(model::FunctionRef ref) = 0;
  /// Freezes $LATEST, with the settings that its tags are, as the next version; the last version
  /// when that is the same. Errc: not_found, precondition, invalid (the hash), exhausted, os.
  virtual Task<model::FunctionPtr> publish_version(model::FunctionRef ref,
                                                   VersionRequest request) = 0;
  /// Errc: not_found (the function, or a version it is to lead to), conflict (exists), invalid (two
  /// versions where one is $LATEST, or both are the same), exhausted, os.
  virtual Task<Alias> create_alias(model::FunctionRef ref, std::string name,
                                   AliasChange change) = 0;
  /// Errc: as create_alias, precondition; not_found has Lambda's text "Cannot find alias arn: ARN".
  virtual Task<Alias> update_alias(model::FunctionRef ref, std::string name,
                                   AliasChange change) = 0;
  /// Removing what does not exist is no error, as on Lambda. Errc: not_found (the function), ...
  virtual Task<void> delete_alias(model::FunctionRef ref, std::string name) = 0;
  /// Sets, replaces or (nullopt) removes tags. A change of settings makes a new revision; other
  /// tags do not. Errc: not_found, invalid or unsupported (a proa: tag, by name), exhausted,
  /// os.
  virtual Task<FunctionRecordPtr> change_tags(
      model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) = 0;
  /// Puts or updates how asynchronous calls of `ref` (unqualified: of $LATEST) are configured, in
  /// one step, so that of two updates none is lost. No new revision. Errc, with Lambda's texts:
  /// not_found (the function or qualifier, or what to update), invalid (a destination that is not
  /// there, or the function itself), unsupported (a destination that is no function of this account
  /// and region, by name), exhausted, os.
  virtual Task<model::EventInvokeConfig> change_event_config(model::FunctionRef ref,
                                                             EventConfigChange change) = 0;
  /// Errc: not_found (as find_event_config), exhausted, os.
  virtual Task<void> delete_event_config(model::FunctionRef ref) = 0;
  /// Makes the URL of `ref`, unqualified or an alias. Errc: not_found, conflict (there is one),
  /// exhausted, os. No new revision, as with all of URLs and permissions.
  virtual Task<model::FunctionUrl> create_url(model::FunctionRef ref, model::UrlChange change) = 0;
  /// Errc: not_found, exhausted, os.
  virtual Task<model::FunctionUrl> update_url(model::FunctionRef ref, model::UrlChange change) = 0;
  /// Errc: as update_url. The id is never given again.
  virtual Task<void> delete_url(model::FunctionRef ref) = 0;
  /// Any thread, no waiting. Errc: not_found.
  virtual Result<UrlTarget> find_url(std::string_view id) const = 0;
  /// Adds a statement to the policy of `ref`: unqualified, a version or an alias. Errc, with
  /// Lambda's texts: not_found, conflict (its id is taken), precondition (revision id), invalid
  /// ($LATEST by name, a policy that gets too long), exhausted, os.
  virtual Task<void> add_permission(model::FunctionRef ref, model::PolicyStatement statement,
                                    std::optional<std::string> revision_id) = 0;
  /// Errc: not_found, precondition, exhausted, os.
  virtual Task<void> remove_permission(model::FunctionRef ref, std::string statement_id,
                                       std::optional<std::string> revision_id) = 0;
  /// PutFunctionConcurrency, or (nullopt) DeleteFunctionConcurrency. Errc: not_found, invalid
  /// (leaves the account too little, with Lambda's text), exhausted, os.
  virtual Task<FunctionRecordPtr> set_reserved_concurrency(model::FunctionRef ref,
                                                           std::optional<std::uint32_t> count) = 0;
  /// The zip as it was uploaded, for GetFunction's Code.Location. Blocks. Errc: not_found, os.
  virtual Result<std::string> code_zip(const model::FunctionRef& ref) const = 0;

  /// Unpacks, checks, stores as the next version. Errc: invalid, too_large, exhausted, os.
  virtual Task<LayerVersionPtr> publish_layer_version(NewLayerVersion request) = 0;
  /// Functions that use it go on doing so; removing what does not exist is no error, as on Lambda.
  /// Errc: exhausted, os.
  virtual Task<void> delete_layer_version(model::Scope scope, std::string name,
                                          std::uint64_t version) = 0;
  /// Errc: not_found with Lambda's text "The resource you requested does not exist."
  virtual Result<LayerVersionPtr> find_layer_version(const model::Scope& scope,
                                                     const std::string& name,
                                                     std::uint64_t version) const = 0;
  /// By arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION of any account and region here.
  /// Errc: invalid (not such an ARN), not_found.
  virtual Result<LayerVersionPtr> find_layer_version(const std::string& arn) const = 0;
  /// The newest version of each layer that has one, in the order of the names, after `after`.
  virtual std::vector<LayerVersionPtr> list_layers(const model::Scope& scope,
                                                   const std::string& after,
                                                   std::size_t max_items) const = 0;
  /// Versions of one layer, newest first, below `before` (0: from the newest). Unknown layer: none.
  virtual std::vector<LayerVersionPtr> list_layer_versions(const model::Scope& scope,
                                                           const std::string& name,
                                                           std::uint64_t before,
                                                           std::size_t max_items) const = 0;
  /// Unpacks an uploaded OCI layout or docker-archive and remembers it; names go over from other
  /// images. Other changes do not wait for it. Errc: invalid (no image, a digest that does not fit,
  /// another architecture, a path that leads outside, no name), too_large, not_found (upload),
  /// exhausted, os.
  virtual Task<ContainerImagePtr> load_image(NewImage request) = 0;
  /// By a name (":latest" may be left out), a digest or 8 hex digits of its beginning at least.
  /// Errc: not_found, invalid (several digests begin so).
  virtual Result<ContainerImagePtr> find_image(const std::string& account_id,
                                               const std::string& name) const = 0;
  /// By digest.
  virtual std::vector<ContainerImagePtr> list_images(const std::string& account_id) const = 0;
  /// Functions made of it go on. Errc: as find_image(), exhausted, os.
  virtual Task<void> remove_image(std::string account_id, std::string name) = 0;
  /// Unpacks an uploaded tar file of a root and remembers it by its name. Other changes do not wait
  /// for it. Errc: invalid (no such archive, no root, for another architecture, a path that leads
  /// outside, no good name), conflict (there is one of that name), too_large, not_found (upload),
  /// exhausted, os.
  virtual Task<RuntimeImagePtr> add_runtime_image(NewRuntimeImage request) = 0;
  /// Errc: not_found.
  virtual Result<RuntimeImagePtr> find_runtime_image(const std::string& account_id,
                                                     const std::string& name) const = 0;
  /// By name.
  virtual std::vector<RuntimeImagePtr> list_runtime_images(const std::string& account_id) const = 0;
  /// The functions with a version that runs in it: REGION/NAME, in order.
  virtual std::vector<std::string> users_of_runtime_image(const std::string& account_id,
                                                          const std::string& name) const = 0;
  /// Errc: not_found, conflict (functions use it; names them), exhausted, os.
  virtual Task<void> remove_runtime_image(std::string account_id, std::string name) = 0;
  /// Archives that came or come in parts, to be named as the source of a change. Any thread.
  virtual UploadStore& uploads() = 0;
  /// The zip of a layer version, for Content.Location. Blocks. Errc: not_found, os.
  virtual Result<std::string> layer_zip(const LayerVersion& layer) const = 0;
};

/// The number of a published version; nothing for "$LATEST" and all else.
std::optional<std::uint64_t> parse_version_number(std::string_view text);
/// Whether an alias may have that name: letters, digits, - and _, not all digits, 128 at most.
bool is_alias_name(std::string_view text);

/// How asynchronous calls of `ref` (unqualified: of $LATEST) are configured. Errc: not_found with
/// Lambda's text "The function ARN:QUALIFIER doesn't have an EventInvokeConfig", also when there is
/// no such function.
Result<model::EventInvokeConfig> find_event_config(const Catalog& catalog,
                                                   const model::FunctionRef& ref);
/// All configurations of the function of `ref`, whose qualifier must exist if there is one. Errc:
/// not_found with Lambda's text "The function doesn't exist."
Result<EventConfigs> list_event_configs(const Catalog& catalog, const model::FunctionRef& ref);

}  // namespace proa::catalog
