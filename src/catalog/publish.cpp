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

/// A document that reads back as `corrupt` holds something that no record may hold.
Error as_bad_input(const Error& error) {
  return error.code() == Errc::corrupt ? Error(Errc::invalid, error.message()) : error;
}

}  // namespace

std::vector<std::string> trees_of(const model::FunctionVersion& version) {
  std::vector<std::string> trees{version.tree_id};
  for (const auto& layer : version.layers) trees.push_back(layer.tree_id);
  return trees;
}

FunctionDocument to_document(const FunctionRecord& record) {
  FunctionDocument document;
  document.latest = *record.latest;
  document.tags = record.tags;
  document.reserved_concurrency = record.reserved_concurrency;
  document.event_configs = record.event_configs;
  document.code_unpacked_bytes = record.code_unpacked_bytes;
  document.layers_unpacked_bytes = record.layers_unpacked_bytes;
  return document;
}

Result<void> CatalogImpl::load() {
  TRY(load_functions());
  TRY(load_layers());
  return code_.sweep();
}

Result<void> CatalogImpl::load_functions() {
  TRY(auto entries, store_.list(kFunctionBucket));
  auto functions = std::make_shared<FunctionMap>();
  for (const auto& entry : entries) {
    const std::string where = "record functions '" + entry.key + "'";
    TRY(auto document, decode_function(entry.key, entry.value));
    auto settings = settings_of(document.tags);
    if (!settings) return Error(Errc::corrupt, where + ": " + settings.error().message());
    document.latest.settings = settings.value();
    for (const auto& tree_id : trees_of(document.latest)) {
      auto ensured = code_.ensure(tree_id);
      if (!ensured) return ensured.error().with_context(where);
    }
    auto record = to_record(document);
    hold_trees(*record);
    functions->emplace(entry.key, std::move(record));
  }
  Snapshot next = current_.get();
  next.functions = std::move(functions);
  current_.set(std::move(next));
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

FunctionRecordPtr CatalogImpl::to_record(const FunctionDocument& document) {
  auto kept = std::make_shared<KeptVersion>();
  kept->version = document.latest;
  kept->lease = code_.acquire_kept(trees_of(document.latest));
  auto record = std::make_shared<FunctionRecord>();
  record->latest = model::FunctionPtr(kept, &kept->version);
  record->tags = document.tags;
  record->reserved_concurrency = document.reserved_concurrency;
  record->event_configs = document.event_configs;
  record->code_unpacked_bytes = document.code_unpacked_bytes;
  record->layers_unpacked_bytes = document.layers_unpacked_bytes;
  return record;
}

Result<FunctionRecordPtr> CatalogImpl::publish(FunctionDocument document) {
  const std::string key = record_key(document);
  const std::string bytes = encode(document);
  const auto readable = decode_function(key, bytes);
  if (!readable) return as_bad_input(readable.error());
  TRY(store_.put(kFunctionBucket, key, bytes));
  auto record = to_record(document);
  hold_trees(*record);
  const auto functions = current_.get().functions;
  const auto previous = functions->find(key);
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
}

void CatalogImpl::drop_trees(const FunctionRecord& record) {
  for (const auto& tree_id : trees_of(*record.latest)) code_.drop(tree_id);
}

}  // namespace proa::catalog
