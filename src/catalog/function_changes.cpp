// The changes of functions, each as one synchronous piece of work on the strand.
#include "base/encoding.h"
#include "catalog/catalog_impl.h"
#include "catalog/native_modules.h"

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

constexpr std::size_t kLayersMax = 5;

void apply(const ConfigChange& change, model::FunctionVersion& version) {
  version.runtime = change.runtime.value_or(version.runtime);
  version.handler = change.handler.value_or(version.handler);
  version.role = change.role.value_or(version.role);
  version.description = change.description.value_or(version.description);
  version.memory_mib = change.memory_mib.value_or(version.memory_mib);
  version.timeout = change.timeout.value_or(version.timeout);
  version.ephemeral_storage_mib =
      change.ephemeral_storage_mib.value_or(version.ephemeral_storage_mib);
  if (!change.environment) return;
  version.environment = *change.environment;
  version.has_environment = true;
}

/// Whether a function may use a layer at all, before it is known whether the layer exists. Layer
/// permissions are not supported yet: so nobody may use those of another account.
Result<void> check_layer_scope(const std::string& arn, const model::FunctionVersion& function) {
  if (arn_part(arn, 5) != "layer") return ok();  // find_layer_version() says what is wrong
  if (arn_part(arn, 3) != function.region) {
    return Error(Errc::invalid,
                 "Layers are not in the same region as the function. Layers are expected to be in "
                 "region " +
                     function.region + ".");
  }
  if (arn_part(arn, 4) == function.account_id) return ok();
  return Error(Errc::denied, "User: arn:aws:iam::" + function.account_id +
                                 ":root is not authorized to perform: lambda:GetLayerVersion on "
                                 "resource: " +
                                 arn +
                                 " because no resource-based policy allows the "
                                 "lambda:GetLayerVersion action");
}

/// Lambda starts every program directly below /opt/extensions beside the function. Proa cannot yet,
/// and a function without its extension would not be what its owner deployed.
Result<void> refuse_extensions(const std::string& arn, const std::filesystem::path& tree) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(tree / "extensions", failed)) {
    if (entry.is_directory(failed)) continue;
    return Error(Errc::unsupported, "Layer version " + arn + " brings the extension extensions/" +
                                        entry.path().filename().string() +
                                        "; extensions are not supported by Proa yet");
  }
  return ok();
}

/// A function stays what it is: of a zip or of an image.
Result<void> check_package_type(const model::FunctionVersion& version,
                                const ArchiveSource& source) {
  if (version.image.has_value() == source.image_uri.has_value()) return ok();
  return Error(
      Errc::invalid,
      version.image
          ? "Please provide ImageUri when updating a function with packageType Image."
          : "Please don't provide ImageUri when updating a function with packageType Zip.");
}

/// Errc: invalid.
Result<void> check_package_type(const model::FunctionVersion& version, const ConfigChange& change) {
  if (version.image) {
    const bool has_layers = change.layer_arns && !change.layer_arns->empty();
    if (!change.handler && !change.runtime && !has_layers) return ok();
    return Error(Errc::invalid,
                 "Please don't provide Handler or Runtime or Layer when the intended function "
                 "PackageType is Image.");
  }
  if (!change.image_config) return ok();
  return Error(Errc::invalid,
               "Please don't provide ImageConfig when the intended function PackageType is Zip.");
}

std::string layer_of(const std::string& version_arn) {
  return version_arn.substr(0, version_arn.rfind(':'));
}

}  // namespace

Result<FunctionRecordPtr> CatalogImpl::find_latest(const model::FunctionRef& ref) const {
  TRY(auto record, find(ref));
  if (!ref.qualifier || *ref.qualifier == record->latest->version) return record;
  return Error(Errc::invalid, "Only $LATEST can be changed: name the function " + ref.name +
                                  " without the qualifier " + *ref.qualifier);
}

Result<FunctionRecordPtr> CatalogImpl::create(NewFunction& request) {
  FunctionDocument document;
  document.latest = std::move(request.config);
  document.latest.version = "$LATEST";
  document.tags = std::move(request.tags);
  if (current_.get().functions->count(record_key(document)) != 0) {
    return Error(Errc::conflict, "Function already exist: " + document.latest.name);
  }
  TRY(document.latest.settings, settings_of(document.tags));
  TRY(use_root(document.latest));
  TRY(use_layers(document, request.layer_arns));
  const std::string account_id = document.latest.account_id;
  CodeLease lease;
  TRY(use_source(document, request, lease));
  renew_revision(document);
  if (request.is_published) {
    TRY(freeze(document, std::nullopt));
  }
  TRY(auto record, publish(std::move(document)));
  finish(request, account_id);
  return record;
}

Result<FunctionRecordPtr> CatalogImpl::change_code(const model::FunctionRef& ref,
                                                   CodeChange& change) {
  TRY(auto record, find_latest(ref));
  TRY(check_revision(record->latest->revision_id, change.revision_id));
  FunctionDocument document = to_document(*record);
  if (change.architecture) document.latest.architecture = *change.architecture;
  TRY(check_package_type(document.latest, change));
  CodeLease lease;
  TRY(use_source(document, change, lease));
  if (change.is_dry_run) return to_record(document);
  renew_revision(document);
  if (change.is_published) {
    TRY(freeze(document, std::nullopt));
  }
  TRY(auto changed, publish(std::move(document)));
  finish(change, ref.account_id);
  return changed;
}

Result<FunctionRecordPtr> CatalogImpl::change_configuration(const model::FunctionRef& ref,
                                                            const ConfigChange& change) {
  TRY(auto record, find_latest(ref));
  TRY(check_revision(record->latest->revision_id, change.revision_id));
  FunctionDocument document = to_document(*record);
  TRY(check_package_type(document.latest, change));
  apply(change, document.latest);
  TRY(document.latest.logging, change.logging.applied_to(document.latest.logging));
  TRY(use_root(document.latest));
  if (change.layer_arns) {
    TRY(use_layers(document, *change.layer_arns));
    TRY(check_size(document));
  }
  if (document.latest.image) {
    if (change.image_config) document.latest.image->overrides = change.image_config;
    TRY(use_program(document));
  } else if (change.layer_arns || change.runtime) {
    TRY(check_native(document));
  }
  renew_revision(document);
  return publish(std::move(document));
}

Result<void> CatalogImpl::remove(const model::FunctionRef& ref) {
  TRY(auto record, find(ref));
  if (ref.qualifier) return remove_version(*record, ref);
  const std::string key = record_key(ref.account_id, ref.region, ref.name);
  TRY(store_.remove(kFunctionBucket, key));
  show(key, nullptr);
  drop_trees(*record);
  // They mean nothing without the function: what cannot be removed now goes with the next start.
  for (const auto& [number, version] : record->versions) {
    static_cast<void>(store_.remove(kVersionBucket, key + "/" + std::to_string(number)));
  }
  return ok();
}

Result<FunctionRecordPtr> CatalogImpl::tag(
    const model::FunctionRef& ref,
    const std::map<std::string, std::optional<std::string>>& changes) {
  TRY(auto record, find_latest(ref));
  FunctionDocument document = to_document(*record);
  for (const auto& [key, value] : changes) {
    if (value) {
      document.tags[key] = *value;
    } else {
      document.tags.erase(key);
    }
  }
  TRY(auto settings, settings_of(document.tags));
  if (!(settings == document.latest.settings)) {
    const auto root_before = document.latest.root;
    document.latest.settings = settings;
    TRY(use_root(document.latest));
    if (document.latest.root != root_before) {
      TRY(check_native(document));
    }
    renew_revision(document);
  }
  return publish(std::move(document));
}

Result<FunctionRecordPtr> CatalogImpl::reserve(const model::FunctionRef& ref,
                                               std::optional<std::uint32_t> count) {
  TRY(auto record, find_latest(ref));
  FunctionDocument document = to_document(*record);
  document.reserved_concurrency = count;
  std::uint64_t reserved = count.value_or(0);
  const auto functions = current_.get().functions;
  const std::string prefix = record_key(ref.account_id, ref.region, "");
  for (auto at = functions->lower_bound(prefix);
       at != functions->end() && at->first.starts_with(prefix); ++at) {
    if (at->second != record) reserved += at->second->reserved_concurrency.value_or(0);
  }
  if (count && reserved + options_.unreserved_concurrency_min > options_.account_concurrency) {
    return Error(Errc::invalid,
                 "Specified ReservedConcurrentExecutions for function decreases account's "
                 "UnreservedConcurrentExecution below its minimum value of [" +
                     std::to_string(options_.unreserved_concurrency_min) + "].");
  }
  return publish(std::move(document));
}

Result<void> CatalogImpl::use_source(FunctionDocument& document, const ArchiveSource& source,
                                     CodeLease& lease) {
  if (source.image_uri) return use_image(document, *source.image_uri);
  TRY(auto package, install(source, document.latest.account_id));
  TRY(use_code(document, package));
  lease = std::move(package.lease);
  return ok();
}

Result<void> CatalogImpl::use_code(FunctionDocument& document,
                                   const InstalledPackage& package) const {
  document.latest.tree_id = package.tree_id;
  document.latest.code_size = package.zip_bytes;
  document.latest.code_sha256_base64 = to_base64(as_chars(package.digest));
  document.code_unpacked_bytes = package.unpacked_bytes;
  TRY(check_size(document));
  return check_native(document);
}

Result<void> CatalogImpl::use_layers(FunctionDocument& document,
                                     const std::vector<std::string>& arns) const {
  if (arns.size() > kLayersMax) return Error(Errc::invalid, "Cannot reference more than 5 layers.");
  std::vector<model::LayerRef> layers;
  std::uint64_t total = 0;
  for (const auto& arn : arns) {
    TRY(check_layer_scope(arn, document.latest));
    auto layer = find_layer_version(arn);
    if (!layer && layer.error().code() == Errc::not_found) {
      return Error(Errc::invalid, "Layer version " + arn + " does not exist.");
    }
    if (!layer) return layer.error();
    const LayerVersion& version = *layer.value();
    for (const auto& other : layers) {
      if (layer_of(other.arn) != layer_of(arn)) continue;
      return Error(Errc::invalid,
                   "Two different versions of the same layer are not allowed to be referenced in "
                   "the same function. " +
                       other.arn + " and " + arn + " are versions of the same layer.");
    }
    TRY(refuse_extensions(arn, code_.tree_path(version.tree_id)));
    total += version.unpacked_bytes;
    layers.push_back(model::LayerRef{arn, version.tree_id, version.code_size});
  }
  const std::uint64_t limit = options_.package_limits.unpacked_bytes_max;
  if (total > limit) {
    return Error(Errc::invalid, "Layers consume more than the available size of " +
                                    std::to_string(limit) + " bytes");
  }
  document.latest.layers = std::move(layers);
  document.layers_unpacked_bytes = total;
  return ok();
}

Result<void> CatalogImpl::check_size(const FunctionDocument& document) const {
  const std::uint64_t limit = options_.package_limits.unpacked_bytes_max;
  const std::uint64_t actual = document.code_unpacked_bytes + document.layers_unpacked_bytes;
  // An image has a limit of its own.
  if (document.latest.image || actual <= limit) return ok();
  return Error(Errc::invalid,
               "Function code combined with layers exceeds the maximum allowed size of " +
                   std::to_string(limit) + " bytes. The actual size is " + std::to_string(actual) +
                   " bytes.");
}

Result<void> CatalogImpl::check_native(const FunctionDocument& document) const {
  NativeTarget target;
  target.architecture = document.latest.architecture;
  target.runtime = document.latest.runtime;
  if (document.latest.root) {
    if (!document.latest.root->program.empty()) {
      target.interpreter_version = document.latest.root->language_version;
    }
  } else if (options_.interpreter_versions) {
    TRY(target.interpreter_version, options_.interpreter_versions(target.runtime));
  }
  TRY(check_native_modules(code_.tree_path(document.latest.tree_id), target));
  for (const auto& layer : document.latest.layers) {
    auto checked = check_native_modules(code_.tree_path(layer.tree_id), target);
    if (!checked) return checked.error().with_context("Layer " + layer.arn);
  }
  return ok();
}

void CatalogImpl::renew_revision(FunctionDocument& document) {
  document.latest.revision_id = random_.uuid();
  document.latest.last_modified = clock_.wall_now();
}

}  // namespace proa::catalog
