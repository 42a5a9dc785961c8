#include "unit/api/fake_parts.h"

namespace proa::api {

void FakeCatalog::put(const std::string& name, catalog::Tags tags) {
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

Result<model::FunctionPtr> FakeCatalog::resolve(const model::FunctionRef& ref) const {
  TRY(const auto record, find(ref));
  return record->version_of(ref.qualifier);
}

Result<catalog::FunctionRecordPtr> FakeCatalog::find(const model::FunctionRef& ref) const {
  const auto found = records.find(ref.name);
  const bool is_there = found != records.end() && found->second.version_of(ref.qualifier);
  if (!is_there || found->second.latest->region != ref.region) {
    return Error(Errc::not_found, "Function not found: " + ref.arn());
  }
  return std::make_shared<const catalog::FunctionRecord>(found->second);
}

std::vector<catalog::FunctionRecordPtr> FakeCatalog::list(const model::Scope&,
                                                          const std::string& after,
                                                          std::size_t max_items) const {
  std::vector<catalog::FunctionRecordPtr> page;
  for (auto i = records.upper_bound(after); i != records.end() && page.size() < max_items; ++i) {
    page.push_back(std::make_shared<const catalog::FunctionRecord>(i->second));
  }
  return page;
}

Task<catalog::FunctionRecordPtr> FakeCatalog::create_function(catalog::NewFunction request) {
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

Task<catalog::FunctionRecordPtr> FakeCatalog::update_code(model::FunctionRef ref,
                                                          catalog::CodeChange change) {
  if (next_error) co_return *next_error;
  const bool is_published = change.is_published;
  code_change = std::move(change);
  if (is_published) {
    catalog::VersionRequest asked;
    CO_TRY(co_await publish_version(ref, std::move(asked)));
  }
  co_return find(ref);
}

Task<catalog::FunctionRecordPtr> FakeCatalog::update_configuration(model::FunctionRef ref,
                                                                   catalog::ConfigChange change) {
  if (next_error) co_return *next_error;
  config_change = std::move(change);
  co_return find(ref);
}

Task<void> FakeCatalog::delete_function(model::FunctionRef ref) {
  CO_TRY(find(ref));
  deleted.push_back(ref.qualifier ? ref.name + ":" + *ref.qualifier : ref.name);
  co_return ok();
}

Task<model::FunctionPtr> FakeCatalog::publish_version(model::FunctionRef ref,
                                                      catalog::VersionRequest request) {
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

Task<catalog::Alias> FakeCatalog::create_alias(model::FunctionRef ref, std::string name,
                                               catalog::AliasChange change) {
  return change_alias(std::move(ref), std::move(name), std::move(change));
}

Task<catalog::Alias> FakeCatalog::update_alias(model::FunctionRef ref, std::string name,
                                               catalog::AliasChange change) {
  return change_alias(std::move(ref), std::move(name), std::move(change));
}

Task<catalog::Alias> FakeCatalog::change_alias(model::FunctionRef ref, std::string name,
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

Task<void> FakeCatalog::delete_alias(model::FunctionRef ref, std::string name) {
  CO_TRY(find(ref));
  records[ref.name].aliases.erase(name);
  co_return ok();
}

Task<catalog::FunctionRecordPtr> FakeCatalog::change_tags(
    model::FunctionRef ref, std::map<std::string, std::optional<std::string>> changes) {
  if (next_error) co_return *next_error;
  tag_changes = std::move(changes);
  co_return find(ref);
}

Task<model::EventInvokeConfig> FakeCatalog::change_event_config(model::FunctionRef ref,
                                                                catalog::EventConfigChange change) {
  if (next_error) co_return *next_error;
  CO_TRY(find(ref));
  model::EventInvokeConfig& config = records[ref.name].event_configs["$LATEST"];
  config = change.applied_to(config);
  config.last_modified = kNow;
  event_change = std::move(change);
  co_return config;
}

Task<void> FakeCatalog::delete_event_config(model::FunctionRef ref) {
  CO_TRY(catalog::find_event_config(*this, ref));
  records[ref.name].event_configs.clear();
  co_return ok();
}

Task<model::FunctionUrl> FakeCatalog::create_url(model::FunctionRef ref, model::UrlChange change) {
  return change_url(std::move(ref), std::move(change));
}

Task<model::FunctionUrl> FakeCatalog::update_url(model::FunctionRef ref, model::UrlChange change) {
  return change_url(std::move(ref), std::move(change));
}

Task<model::FunctionUrl> FakeCatalog::change_url(model::FunctionRef ref, model::UrlChange change) {
  if (next_error) co_return *next_error;
  CO_TRY(find(ref));
  model::FunctionUrl& url = records[ref.name].urls[ref.qualifier.value_or("$LATEST")];
  url.id = kUrlId;
  url.auth = change.auth.value_or(url.auth);
  if (change.cors) url.cors = change.cors;
  url.created = url.last_modified = kNow;
  co_return url;
}

Task<void> FakeCatalog::delete_url(model::FunctionRef ref) {
  CO_TRY(find(ref));
  records[ref.name].urls.erase(ref.qualifier.value_or("$LATEST"));
  co_return ok();
}

Result<catalog::UrlTarget> FakeCatalog::find_url(std::string_view id) const {
  for (const auto& [name, record] : records) {
    for (const auto& [qualifier, url] : record.urls) {
      if (url.id != id) continue;
      return catalog::UrlTarget{std::make_shared<const catalog::FunctionRecord>(record), qualifier};
    }
  }
  return Error(Errc::not_found, "There is no such function URL");
}

Task<void> FakeCatalog::add_permission(model::FunctionRef ref, model::PolicyStatement statement,
                                       std::optional<std::string> revision_id) {
  if (next_error) co_return *next_error;
  CO_TRY(find(ref));
  model::ResourcePolicy& policy = records[ref.name].policies[ref.qualifier.value_or("$LATEST")];
  policy.revision_id = revision_id.value_or("r2");
  policy.statements.push_back(std::move(statement));
  co_return ok();
}

Task<void> FakeCatalog::remove_permission(model::FunctionRef ref, std::string statement_id,
                                          std::optional<std::string>) {
  CO_TRY(find(ref));
  auto& statements = records[ref.name].policies[ref.qualifier.value_or("$LATEST")].statements;
  std::erase_if(statements, [&](const auto& one) { return one.id == statement_id; });
  co_return ok();
}

Task<catalog::FunctionRecordPtr> FakeCatalog::set_reserved_concurrency(
    model::FunctionRef ref, std::optional<std::uint32_t> count) {
  CO_TRY(find(ref));
  records[ref.name].reserved_concurrency = count;
  co_return find(ref);
}

Result<std::string> FakeCatalog::code_zip(const model::FunctionRef& ref) const {
  TRY(find(ref));
  return zip;
}

Task<catalog::LayerVersionPtr> FakeCatalog::publish_layer_version(
    catalog::NewLayerVersion request) {
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

Task<catalog::ContainerImagePtr> FakeCatalog::load_image(catalog::NewImage request) {
  loaded = request;
  if (next_error) co_return *next_error;
  auto image = std::make_shared<catalog::ContainerImage>();
  image->account_id = request.account_id;
  image->digest = "sha256:" + std::string(64, 'a');
  image->names = {request.name};
  image->architecture = "x86_64";
  image->defaults.command = {"run"};
  image->layers = 2;
  image->loaded = kNow;
  images.push_back(image);
  co_return catalog::ContainerImagePtr(image);
}

Task<catalog::RuntimeImagePtr> FakeCatalog::add_runtime_image(catalog::NewRuntimeImage request) {
  auto image = std::make_shared<catalog::RuntimeImage>();
  image->account_id = request.account_id;
  image->name = request.name;
  image->sha256 = std::string(64, 'b');
  image->asked_for = request.asked_for;
  image->contents.interpreters = {{"python3.11", "3.11.2", "/usr/bin/python3.11"}};
  image->contents.packages = {{"python3-minimal", "3.11.2-1+b1"}};
  image->added = kNow;
  runtime_images.push_back(image);
  co_return catalog::RuntimeImagePtr(image);
}

Result<catalog::RuntimeImagePtr> FakeCatalog::find_runtime_image(const std::string&,
                                                                 const std::string& name) const {
  for (const auto& image : runtime_images) {
    if (image->name == name) return image;
  }
  return Error(Errc::not_found, "There is no runtime image '" + name + "'");
}

Task<void> FakeCatalog::remove_runtime_image(std::string account_id, std::string name) {
  CO_TRY(find_runtime_image(account_id, name));
  co_return Error(Errc::conflict, "The runtime image '" + name + "' is used");
}

Result<catalog::ContainerImagePtr> FakeCatalog::find_image(const std::string&,
                                                           const std::string& name) const {
  for (const auto& image : images) {
    if (image->names.front() == name) return image;
  }
  return Error(Errc::not_found, "There is no image '" + name + "'");
}

Task<void> FakeCatalog::remove_image(std::string account_id, std::string name) {
  CO_TRY(find_image(account_id, name));
  deleted.push_back(name);
  co_return ok();
}

Task<void> FakeCatalog::delete_layer_version(model::Scope, std::string name,
                                             std::uint64_t version) {
  deleted.push_back(name + ":" + std::to_string(version));
  co_return ok();
}

Result<catalog::LayerVersionPtr> FakeCatalog::find_layer_version(const model::Scope&,
                                                                 const std::string& name,
                                                                 std::uint64_t version) const {
  const auto found = layers.find(name);
  if (found == layers.end() || version > found->second.size()) return no_layers();
  return found->second[version - 1];
}

Result<catalog::LayerVersionPtr> FakeCatalog::find_layer_version(const std::string&) const {
  return no_layers();
}

std::vector<catalog::LayerVersionPtr> FakeCatalog::list_layers(const model::Scope&,
                                                               const std::string& after,
                                                               std::size_t max_items) const {
  std::vector<catalog::LayerVersionPtr> page;
  for (auto i = layers.upper_bound(after); i != layers.end() && page.size() < max_items; ++i) {
    page.push_back(i->second.back());
  }
  return page;
}

std::vector<catalog::LayerVersionPtr> FakeCatalog::list_layer_versions(
    const model::Scope&, const std::string& name, std::uint64_t before,
    std::size_t max_items) const {
  const auto found = layers.find(name);
  std::vector<catalog::LayerVersionPtr> page;
  if (found == layers.end()) return page;
  for (auto i = found->second.rbegin(); i != found->second.rend(); ++i) {
    if (page.size() < max_items && (before == 0 || (*i)->version < before)) page.push_back(*i);
  }
  return page;
}

Error FakeCatalog::no_layers() {
  return Error(Errc::not_found, "The resource you requested does not exist.");
}

catalog::FunctionRecordPtr FakeCatalog::store(model::FunctionVersion version, catalog::Tags tags) {
  const std::string name = version.name;
  catalog::FunctionRecord record;
  record.latest = std::make_shared<const model::FunctionVersion>(std::move(version));
  record.tags = std::move(tags);
  records[name] = record;
  ++revision;
  return std::make_shared<const catalog::FunctionRecord>(std::move(record));
}

Task<model::InvocationResult> FakeDispatcher::invoke(model::FunctionRef asked,
                                                     model::Invocation call) {
  ref = std::move(asked);
  invocation = std::move(call);
  if (error) co_return *error;
  co_return result;
}

Result<std::vector<DecisionRecord>> FakeDispatcher::explain(const model::FunctionRef& asked) {
  ref = asked;
  if (error) return *error;
  return records;
}

Task<void> FakeEvents::accept(model::FunctionRef asked, model::Invocation call) {
  ref = std::move(asked);
  invocation = std::move(call);
  if (error) co_return *error;
  co_return ok();
}

Task<std::vector<dispatch::DeadLetter>> FakeEvents::dead_letters(Selection wanted) {
  selection = wanted;
  if (error) co_return *error;
  std::vector<dispatch::DeadLetter> page;
  for (auto i = letters.upper_bound(wanted.after); i != letters.end(); ++i) {
    if (page.size() < wanted.max) page.push_back(i->second);
  }
  co_return page;
}

Task<dispatch::DeadLetter> FakeEvents::dead_letter(model::Scope, std::uint64_t id) {
  const auto found = letters.find(id);
  if (found == letters.end()) co_return none(id);
  co_return found->second;
}

Task<void> FakeEvents::rerun(model::Scope, std::uint64_t id) {
  if (letters.erase(id) == 0) co_return none(id);
  rerun_ids.push_back(id);
  co_return ok();
}

Task<void> FakeEvents::forget(model::Scope, std::uint64_t id) {
  if (letters.erase(id) == 0) co_return none(id);
  co_return ok();
}

Error FakeEvents::none(std::uint64_t id) {
  return Error(Errc::not_found, "There is no dead letter " + std::to_string(id) + ".");
}

}  // namespace proa::api
