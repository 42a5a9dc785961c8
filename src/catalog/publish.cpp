// Loading records, and the last step of every change: write, then show.
#include "catalog/catalog_impl.h"
#include "model/settings.h"

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

/// A version together with what keeps its trees: the FunctionPtr points inside.
struct KeptVersion {
  model::FunctionVersion version;
  CodeLease lease;
};

/// Each alias leads to versions that are there.
Result<void> check_aliases(const FunctionDocument& document, const std::string& key) {
  const auto is_there = [&](const std::string& version) {
    const auto number = parse_version_number(version);
    return !number || document.versions.contains(*number);
  };
  for (const auto& [name, alias] : document.aliases) {
    if (is_there(alias.version) && (!alias.other || is_there(alias.other->version))) continue;
    return Error(Errc::corrupt, "record functions '" + key + "': alias '" + name +
                                    "' leads to a version that is not there");
  }
  return ok();
}

/// A document that reads back as `corrupt` holds something that no record may hold.
Error as_bad_input(const Error& error) {
  return error.code() == Errc::corrupt ? Error(Errc::invalid, error.message()) : error;
}

}  // namespace

std::vector<std::string> trees_of(const model::FunctionVersion& version) {
  std::vector<std::string> trees{version.tree_id};
  for (const auto& layer : version.layers) trees.push_back(layer.tree_id);
  if (version.root) trees.push_back(version.root->tree_id);
  return trees;
}

FunctionDocument to_document(const FunctionRecord& record) {
  FunctionDocument document;
  document.latest = *record.latest;
  document.tags = record.tags;
  document.reserved_concurrency = record.reserved_concurrency;
  document.event_configs = record.event_configs;
  document.next_version = record.next_version;
  document.aliases = record.aliases;
  document.urls = record.urls;
  document.policies = record.policies;
  document.versions = record.versions;
  document.code_unpacked_bytes = record.code_unpacked_bytes;
  document.layers_unpacked_bytes = record.layers_unpacked_bytes;
  return document;
}

Result<void> CatalogImpl::load() {
  TRY(load_runtime_images());
  TRY(load_functions());
  TRY(load_images());
  TRY(load_layers());
  return code_.sweep();
}

Result<void> CatalogImpl::load_functions() {
  TRY(auto entries, store_.list(kFunctionBucket));
  std::map<std::string, FunctionDocument> documents;
  for (const auto& entry : entries) {
    const std::string where = "record functions '" + entry.key + "'";
    TRY(auto document, decode_function(entry.key, entry.value));
    auto settings = settings_of(document.tags);
    if (!settings) return Error(Errc::corrupt, where + ": " + settings.error().message());
    document.latest.settings = settings.value();
    auto root = use_root(document.latest);
    if (!root) return Error(Errc::corrupt, where + ": " + root.error().message());
    TRY(ensure_trees(document.latest, where));
    documents.emplace(entry.key, std::move(document));
  }
  TRY(auto versions, load_versions(documents));
  auto functions = std::make_shared<FunctionMap>();
  Snapshot next = current_.get();
  for (auto& [key, document] : documents) {
    document.versions = std::move(versions[key]);
    TRY(check_aliases(document, key));
    auto record = to_record(document);
    hold_trees(*record);
    show_urls(next, nullptr, record);
    functions->emplace(key, std::move(record));
  }
  next.functions = std::move(functions);
  current_.set(std::move(next));
  return ok();
}

Result<CatalogImpl::Versions> CatalogImpl::load_versions(
    const std::map<std::string, FunctionDocument>& documents) {
  TRY(auto entries, store_.list(kVersionBucket));
  Versions versions;
  for (const auto& entry : entries) {
    const std::string where = "record versions '" + entry.key + "'";
    TRY(auto document, decode_version(entry.key, entry.value));
    const std::string key = entry.key.substr(0, entry.key.rfind('/'));
    const std::uint64_t number = parse_version_number(document.version.version).value();
    const auto function = documents.find(key);
    if (function == documents.end() || number >= function->second.next_version) {
      TRY(store_.remove(kVersionBucket, entry.key));  // left by a crash: nobody was told of it
      continue;
    }
    auto settings = settings_of(document.setting_tags);
    if (!settings) return Error(Errc::corrupt, where + ": " + settings.error().message());
    document.version.settings = settings.value();
    auto root = use_root(document.version);
    if (!root) return Error(Errc::corrupt, where + ": " + root.error().message());
    TRY(ensure_trees(document.version, where));
    versions[key].emplace(number, keep(std::move(document.version)));
  }
  return versions;
}

Result<void> CatalogImpl::ensure_trees(const model::FunctionVersion& version,
                                       const std::string& where) {
  for (const auto& tree_id : trees_of(version)) {
    // Its own record has seen to that one.
    if (version.root && tree_id == version.root->tree_id) continue;
    const bool is_image = version.image && tree_id == version.tree_id;
    auto ensured = is_image ? code_.ensure_image(tree_id, image_rules()) : code_.ensure(tree_id);
    if (!ensured) return ensured.error().with_context(where);
  }
  return ok();
}

Result<void> CatalogImpl::load_layers() {
  TRY(auto entries, store_.list(kLayerBucket));
  auto layers = std::make_shared<LayerMap>();
  for (const auto& entry : entries) {
    TRY(auto document, decode_layer(entry.key, entry.value));
    for (const auto& version : document.versions) {
      auto ensured = code_.ensure(version->tree_id);
      if (!ensured) return ensured.error().with_context("record layers '" + entry.key + "'");
      code_.hold(version->tree_id);
    }
    layers->emplace(entry.key, std::make_shared<const LayerDocument>(std::move(document)));
  }
  Snapshot next = current_.get();
  next.layers = std::move(layers);
  current_.set(std::move(next));
  return ok();
}

Result<model::Settings> CatalogImpl::settings_of(const Tags& tags) const {
  return model::parse_settings(tags, options_.default_settings);
}

model::FunctionPtr CatalogImpl::keep(model::FunctionVersion version) {
  auto kept = std::make_shared<KeptVersion>();
  kept->lease = code_.acquire_kept(trees_of(version));
  kept->version = std::move(version);
  return model::FunctionPtr(kept, &kept->version);
}

FunctionRecordPtr CatalogImpl::to_record(const FunctionDocument& document,
                                         const FunctionRecord* previous) {
  auto record = std::make_shared<FunctionRecord>();
  const bool is_same =
      previous != nullptr && previous->latest->revision_id == document.latest.revision_id;
  record->latest = is_same ? previous->latest : keep(document.latest);
  record->next_version = document.next_version;
  record->versions = document.versions;
  record->aliases = document.aliases;
  record->urls = document.urls;
  record->policies = document.policies;
  record->tags = document.tags;
  record->reserved_concurrency = document.reserved_concurrency;
  record->event_configs = document.event_configs;
  record->code_unpacked_bytes = document.code_unpacked_bytes;
  record->layers_unpacked_bytes = document.layers_unpacked_bytes;
  return record;
}

Result<void> CatalogImpl::write(const VersionDocument& document) {
  const std::string key = record_key(document);
  const std::string bytes = encode(document);
  const auto readable = decode_version(key, bytes);
  if (!readable) return as_bad_input(readable.error());
  TRY(store_.put(kVersionBucket, key, bytes));
  return ok();
}

Result<FunctionRecordPtr> CatalogImpl::publish(FunctionDocument document) {
  const std::string key = record_key(document);
  const std::string bytes = encode(document);
  const auto readable = decode_function(key, bytes);
  if (!readable) return as_bad_input(readable.error());
  TRY(store_.put(kFunctionBucket, key, bytes));
  const auto functions = current_.get().functions;
  const auto previous = functions->find(key);
  auto record =
      to_record(document, previous == functions->end() ? nullptr : previous->second.get());
  hold_trees(*record);
  show(key, record);
  if (previous != functions->end()) drop_trees(*previous->second);
  return record;
}

Result<void> CatalogImpl::publish(LayerDocument document) {
  const std::string key = record_key(document);
  const std::string bytes = encode(document);
  const auto readable = decode_layer(key, bytes);
  if (!readable) return as_bad_input(readable.error());
  TRY(store_.put(kLayerBucket, key, bytes));
  Snapshot next = current_.get();
  auto layers = std::make_shared<LayerMap>(*next.layers);
  layers->insert_or_assign(key, std::make_shared<const LayerDocument>(std::move(document)));
  next.layers = std::move(layers);
  current_.set(std::move(next));
  return ok();
}

/// Publishes the next snapshot with `record` at `key`, or (null) without it.
void CatalogImpl::show(const std::string& key, FunctionRecordPtr record) {
  Snapshot next = current_.get();
  auto functions = std::make_shared<FunctionMap>(*next.functions);
  const auto previous = functions->find(key);
  show_urls(next, previous == functions->end() ? nullptr : previous->second.get(), record);
  if (record) {
    functions->insert_or_assign(key, std::move(record));
  } else {
    functions->erase(key);
  }
  next.functions = std::move(functions);
  current_.set(std::move(next));
}

void CatalogImpl::hold_trees(const FunctionRecord& record) {
  for (const auto& tree_id : trees_of(*record.latest)) code_.hold(tree_id);
  for (const auto& [number, version] : record.versions) {
    for (const auto& tree_id : trees_of(*version)) code_.hold(tree_id);
  }
}

void CatalogImpl::drop_trees(const FunctionRecord& record) {
  for (const auto& tree_id : trees_of(*record.latest)) code_.drop(tree_id);
  for (const auto& [number, version] : record.versions) {
    for (const auto& tree_id : trees_of(*version)) code_.drop(tree_id);
  }
}

}  // namespace proa::catalog
