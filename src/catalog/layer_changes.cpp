// Layers: the two changes on the strand, and the reads from the snapshot.
#include "base/encoding.h"
#include "catalog/catalog_impl.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace proa::catalog {
namespace {

Error no_such_layer() {
  return Error(Errc::not_found, "The resource you requested does not exist.");
}

/// Which layer version an ARN names.
struct LayerName {
  model::Scope scope;
  std::string name;
  std::uint64_t version = 0;
};

/// arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION
std::optional<LayerName> parse_arn(std::string_view arn) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= arn.size();) {
    const auto colon = std::min(arn.find(':', from), arn.size());
    parts.push_back(arn.substr(from, colon - from));
    from = colon + 1;
  }
  if (parts.size() != 8 || parts[0] != "arn" || !parts[1].starts_with("aws") ||
      parts[2] != "lambda" || parts[5] != "layer") {
    return std::nullopt;
  }
  LayerName name;
  name.scope.region = parts[3];
  name.scope.account_id = parts[4];
  name.name = parts[6];
  const auto* end = parts[7].data() + parts[7].size();
  const auto parsed = std::from_chars(parts[7].data(), end, name.version);
  if (parsed.ec != std::errc() || parsed.ptr != end || name.version == 0) return std::nullopt;
  return name;
}

}  // namespace

Result<LayerVersionPtr> CatalogImpl::add_layer_version(NewLayerVersion& request) {
  TRY(auto package, install(request, request.scope.account_id));
  LayerDocument document;
  document.account_id = request.scope.account_id;
  document.region = request.scope.region;
  document.name = request.name;
  const auto layers = current_.get().layers;
  const auto known = layers->find(record_key(document));
  if (known != layers->end()) document = *known->second;
  auto version = std::make_shared<LayerVersion>();
  version->account_id = request.scope.account_id;
  version->region = request.scope.region;
  version->name = request.name;
  version->version = document.next_version++;
  version->description = request.description;
  version->license_info = request.license_info;
  version->compatible_runtimes = request.compatible_runtimes;
  version->compatible_architectures = request.compatible_architectures;
  version->code_sha256_base64 = to_base64(as_chars(package.digest));
  version->code_size = package.zip_bytes;
  version->unpacked_bytes = package.unpacked_bytes;
  version->tree_id = package.tree_id;
  version->created = clock_.wall_now();
  document.versions.push_back(version);
  TRY(publish(std::move(document)));
  code_.hold(version->tree_id);
  finish(request, request.scope.account_id);
  return LayerVersionPtr(version);
}

Result<void> CatalogImpl::remove_layer_version(const model::Scope& scope, const std::string& name,
                                               std::uint64_t version) {
  auto found = find_layer_version(scope, name, version);
  if (!found) return ok();
  const auto layers = current_.get().layers;
  LayerDocument document = *layers->find(record_key(scope.account_id, scope.region, name))->second;
  const auto gone = std::find(document.versions.begin(), document.versions.end(), found.value());
  document.versions.erase(gone);
  // The record stays even when it is empty: it knows which number comes next.
  TRY(publish(std::move(document)));
  code_.drop(found.value()->tree_id);
  return ok();
}

Result<LayerVersionPtr> CatalogImpl::find_layer_version(const model::Scope& scope,
                                                        const std::string& name,
                                                        std::uint64_t version) const {
  const auto layers = current_.get().layers;
  const auto layer = layers->find(record_key(scope.account_id, scope.region, name));
  if (layer == layers->end()) return no_such_layer();
  for (const auto& candidate : layer->second->versions) {
    if (candidate->version == version) return candidate;
  }
  return no_such_layer();
}

Result<LayerVersionPtr> CatalogImpl::find_layer_version(const std::string& arn) const {
  const auto name = parse_arn(arn);
  if (!name) return Error(Errc::invalid, "'" + arn + "' is not the ARN of a layer version.");
  return find_layer_version(name->scope, name->name, name->version);
}

std::vector<LayerVersionPtr> CatalogImpl::list_layers(const model::Scope& scope,
                                                      const std::string& after,
                                                      std::size_t max_items) const {
  const auto layers = current_.get().layers;
  const std::string prefix = record_key(scope.account_id, scope.region, "");
  std::vector<LayerVersionPtr> newest;
  for (auto at = layers->upper_bound(prefix + after);
       at != layers->end() && at->first.starts_with(prefix) && newest.size() < max_items; ++at) {
    if (!at->second->versions.empty()) newest.push_back(at->second->versions.back());
  }
  return newest;
}

std::vector<LayerVersionPtr> CatalogImpl::list_layer_versions(const model::Scope& scope,
                                                              const std::string& name,
                                                              std::uint64_t before,
                                                              std::size_t max_items) const {
  std::vector<LayerVersionPtr> versions;
  const auto layers = current_.get().layers;
  const auto layer = layers->find(record_key(scope.account_id, scope.region, name));
  if (layer == layers->end()) return versions;
  const auto& all = layer->second->versions;
  for (auto at = all.rbegin(); at != all.rend() && versions.size() < max_items; ++at) {
    if (before == 0 || (*at)->version < before) versions.push_back(*at);
  }
  return versions;
}

Result<std::string> CatalogImpl::layer_zip(const LayerVersion& layer) const {
  return code_.zip(layer.tree_id);
}

}  // namespace proa::catalog
