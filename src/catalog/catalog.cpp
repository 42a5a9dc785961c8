#include "catalog/catalog.h"

#include "base/run_on.h"
#include "catalog/catalog_impl.h"

#include <algorithm>
#include <new>
#include <utility>

namespace proa::catalog {
namespace {

namespace asio = boost::asio;

Error function_not_found(const model::FunctionRef& ref) {
  return Error(Errc::not_found, "Function not found: " + ref.arn());
}

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::open(CatalogOptions options,
                                               storage::KeyValueStore& store,
                                               asio::thread_pool& blocking, Clock& clock) {
  PackageLimits stored = options.package_limits;
  // A zip of files that cannot be made smaller is larger than they are.
  stored.zip_bytes_max = std::max(stored.zip_bytes_max, options.upload_limits.bytes_max);
  TRY(auto code, CodeStore::open(options.data_folder, blocking, stored));
  TRY(auto uploads, UploadStore::open(options.data_folder, clock, options.upload_limits));
  auto catalog = std::make_unique<CatalogImpl>(std::move(options), store, blocking, clock,
                                               std::move(code), std::move(uploads));
  TRY(catalog->load());
  return std::unique_ptr<Catalog>(std::move(catalog));
}

CatalogImpl::CatalogImpl(CatalogOptions options, storage::KeyValueStore& store,
                         asio::thread_pool& blocking, Clock& clock, CodeStore code,
                         std::unique_ptr<UploadStore> uploads)
    : options_(std::move(options)),
      store_(store),
      strand_(asio::make_strand(blocking)),
      clock_(clock),
      uploads_(std::move(uploads)),
      code_(std::move(code)) {}

model::FunctionPtr FunctionRecord::version_of(const std::optional<std::string>& qualifier) const {
  if (!qualifier || *qualifier == latest->version) return latest;
  const Alias* const alias = alias_of(qualifier);
  if (alias != nullptr && alias->version == latest->version) return latest;
  const auto number = parse_version_number(alias != nullptr ? alias->version : *qualifier);
  const auto found = number ? versions.find(*number) : versions.end();
  return found == versions.end() ? nullptr : found->second;
}

model::FunctionPtr FunctionRecord::newest_version() const {
  const auto found = versions.find(next_version - 1);
  return found == versions.end() ? nullptr : found->second;
}

const Alias* FunctionRecord::alias_of(const std::optional<std::string>& qualifier) const {
  const auto found = qualifier ? aliases.find(*qualifier) : aliases.end();
  return found == aliases.end() ? nullptr : &found->second;
}

Result<model::FunctionPtr> CatalogImpl::resolve(const model::FunctionRef& ref) const {
  TRY(auto record, find(ref));
  return record->version_of(ref.qualifier);
}

Result<FunctionRecordPtr> CatalogImpl::find(const model::FunctionRef& ref) const {
  const auto functions = current_.get().functions;
  const auto found = functions->find(record_key(ref.account_id, ref.region, ref.name));
  if (found == functions->end()) return function_not_found(ref);
  if (!found->second->version_of(ref.qualifier)) return function_not_found(ref);
  return found->second;
}

std::vector<FunctionRecordPtr> CatalogImpl::list(const model::Scope& scope,
                                                 const std::string& after,
                                                 std::size_t max_items) const {
  const auto functions = current_.get().functions;
  const std::string prefix = record_key(scope.account_id, scope.region, "");
  std::vector<FunctionRecordPtr> records;
  for (auto at = functions->upper_bound(prefix + after);
       at != functions->end() && at->first.starts_with(prefix) && records.size() < max_items;
       ++at) {
    records.push_back(at->second);
  }
  return records;
}

CodeLease CatalogImpl::lease_code(const model::FunctionVersion& version) {
  return code_.acquire_kept(trees_of(version));
}

std::filesystem::path CatalogImpl::tree_path(std::string_view tree_id) const {
  return code_.tree_path(tree_id);
}

Result<std::string> CatalogImpl::code_zip(const model::FunctionRef& ref) const {
  TRY(auto version, resolve(ref));
  if (version->image) return Error(Errc::invalid, "The code of " + ref.arn() + " is an image");
  return code_.zip(version->tree_id);
}

Task<FunctionRecordPtr> CatalogImpl::create_function(NewFunction request) {
  // shared, so that std::function may copy the work without copying the zip
  auto shared = std::make_shared<NewFunction>(std::move(request));
  return change_on<FunctionRecordPtr>(strand_, [this, shared] { return create(*shared); });
}

Task<FunctionRecordPtr> CatalogImpl::update_code(model::FunctionRef ref, CodeChange change) {
  auto shared = std::make_shared<CodeChange>(std::move(change));
  return change_on<FunctionRecordPtr>(
      strand_, [this, ref = std::move(ref), shared] { return change_code(ref, *shared); });
}

Task<FunctionRecordPtr> CatalogImpl::update_configuration(model::FunctionRef ref,
                                                          ConfigChange change) {
  return change_on<FunctionRecordPtr>(strand_,
                                      [this, ref = std::move(ref), change = std::move(change)] {
                                        return change_configuration(ref, change);
                                      });
}

Task<void> CatalogImpl::delete_function(model::FunctionRef ref) {
  return change_on<void>(strand_, [this, ref = std::move(ref)] { return remove(ref); });
}

Task<model::FunctionPtr> CatalogImpl::publish_version(model::FunctionRef ref,
                                                      VersionRequest request) {
  return change_on<model::FunctionPtr>(strand_,
                                       [this, ref = std::move(ref), request = std::move(request)] {
                                         return add_version(ref, request);
                                       });
}

Task<Alias> CatalogImpl::create_alias(model::FunctionRef ref, std::string name,
                                      AliasChange change) {
  return change_on<Alias>(
      strand_, [this, ref = std::move(ref), name = std::move(name), change = std::move(change)] {
        return set_alias(ref, name, change, true);
      });
}

Task<Alias> CatalogImpl::update_alias(model::FunctionRef ref, std::string name,
                                      AliasChange change) {
  return change_on<Alias>(
      strand_, [this, ref = std::move(ref), name = std::move(name), change = std::move(change)] {
        return set_alias(ref, name, change, false);
      });
}

Task<void> CatalogImpl::delete_alias(model::FunctionRef ref, std::string name) {
  return change_on<void>(strand_, [this, ref = std::move(ref), name = std::move(name)] {
    return remove_alias(ref, name);
  });
}

Task<FunctionRecordPtr> CatalogImpl::change_tags(
    model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) {
  return change_on<FunctionRecordPtr>(
      strand_,
      [this, ref = std::move(ref), changes = std::move(changes)] { return tag(ref, changes); });
}

Task<model::EventInvokeConfig> CatalogImpl::change_event_config(model::FunctionRef ref,
                                                                EventConfigChange change) {
  return change_on<model::EventInvokeConfig>(
      strand_, [this, ref = std::move(ref), change = std::move(change)] {
        return set_event_config(ref, change);
      });
}

Task<void> CatalogImpl::delete_event_config(model::FunctionRef ref) {
  return change_on<void>(strand_,
                         [this, ref = std::move(ref)] { return remove_event_config(ref); });
}

Task<model::FunctionUrl> CatalogImpl::create_url(model::FunctionRef ref, model::UrlChange change) {
  return change_on<model::FunctionUrl>(strand_,
                                       [this, ref = std::move(ref), change = std::move(change)] {
                                         return set_url(ref, change, true);
                                       });
}

Task<model::FunctionUrl> CatalogImpl::update_url(model::FunctionRef ref, model::UrlChange change) {
  return change_on<model::FunctionUrl>(strand_,
                                       [this, ref = std::move(ref), change = std::move(change)] {
                                         return set_url(ref, change, false);
                                       });
}

Task<void> CatalogImpl::delete_url(model::FunctionRef ref) {
  return change_on<void>(strand_, [this, ref = std::move(ref)] { return remove_url(ref); });
}

Task<void> CatalogImpl::add_permission(model::FunctionRef ref, model::PolicyStatement statement,
                                       std::optional<std::string> revision_id) {
  return change_on<void>(strand_, [this, ref = std::move(ref), statement = std::move(statement),
                                   revision_id = std::move(revision_id)] {
    return permit(ref, statement, revision_id);
  });
}

Task<void> CatalogImpl::remove_permission(model::FunctionRef ref, std::string statement_id,
                                          std::optional<std::string> revision_id) {
  return change_on<void>(
      strand_,
      [this, ref = std::move(ref), statement_id = std::move(statement_id),
       revision_id = std::move(revision_id)] { return revoke(ref, statement_id, revision_id); });
}

Task<FunctionRecordPtr> CatalogImpl::set_reserved_concurrency(model::FunctionRef ref,
                                                              std::optional<std::uint32_t> count) {
  return change_on<FunctionRecordPtr>(
      strand_, [this, ref = std::move(ref), count] { return reserve(ref, count); });
}

Task<LayerVersionPtr> CatalogImpl::publish_layer_version(NewLayerVersion request) {
  auto shared = std::make_shared<NewLayerVersion>(std::move(request));
  return change_on<LayerVersionPtr>(strand_, [this, shared] { return add_layer_version(*shared); });
}

Task<void> CatalogImpl::delete_layer_version(model::Scope scope, std::string name,
                                             std::uint64_t version) {
  return change_on<void>(strand_, [this, scope = std::move(scope), name = std::move(name),
                                   version] { return remove_layer_version(scope, name, version); });
}

}  // namespace proa::catalog
