// Runtime images: what is added, found and removed, and functions that run in them.
#include "base/run_on.h"
#include "catalog/catalog_impl.h"
#include "catalog/runtime_records.h"
#include "model/settings.h"
#include "os/file.h"

#include <fcntl.h>

#include <algorithm>
#include <set>
#include <utility>

namespace proa::catalog {
namespace {

Error no_such_runtime_image(const std::string& name) {
  return Error(Errc::not_found, "There is no runtime image '" + name.substr(0, 100) +
                                    "': proa runtime list shows those that are there");
}

Error there_is_one(const std::string& name) {
  return Error(Errc::conflict,
               "There is a runtime image '" + name +
                   "' already. A name stands for one root: choose another, or remove that one");
}

std::string runtimes_of(const RuntimeImage& image) {
  std::string text;
  for (const auto& one : image.contents.interpreters) {
    text.append(text.empty() ? "" : ", ").append(one.runtime);
  }
  return text.empty() ? "no interpreter" : text;
}

bool runs_in(const model::FunctionVersion& version, const std::string& name) {
  return version.settings.runtime_image == name;
}

bool is_user(const FunctionRecord& record, const std::string& name) {
  return runs_in(*record.latest, name) ||
         std::ranges::any_of(record.versions,
                             [&](const auto& entry) { return runs_in(*entry.second, name); });
}

}  // namespace

RootRules CatalogImpl::root_rules() const {
  RootRules rules{options_.image_limits, options_.root_additions};
  for (const auto& [path, text] : options_.image_files) rules.additions.files[path] = text;
  return rules;
}

// Before the functions, which are told what their settings stand for.
Result<void> CatalogImpl::load_runtime_images() {
  TRY(auto entries, store_.list(kRuntimeBucket));
  auto images = std::make_shared<RuntimeImageMap>();
  for (const auto& entry : entries) {
    TRY(auto image, decode_runtime_image(entry.key, entry.value));
    auto ensured = code_.ensure_root(image.tree_id, root_rules());
    if (!ensured) return ensured.error().with_context("record runtimes '" + entry.key + "'");
    code_.hold(image.tree_id);
    images->emplace(entry.key, std::make_shared<const RuntimeImage>(std::move(image)));
  }
  Snapshot next = current_.get();
  next.runtime_images = std::move(images);
  current_.set(std::move(next));
  return ok();
}

// As images: unpacking takes long, and only the record is a change.
Task<RuntimeImagePtr> CatalogImpl::add_runtime_image(NewRuntimeImage request) {
  const auto shared = std::make_shared<const NewRuntimeImage>(std::move(request));
  std::function<Result<PreparedRuntimePtr>()> unpack = [this, shared] { return prepare(*shared); };
  CO_TRY(const auto prepared,
         co_await change_on<PreparedRuntimePtr>(strand_.get_inner_executor(), std::move(unpack)));
  std::function<Result<RuntimeImagePtr>()> add = [this, shared, prepared] {
    return publish(*prepared, *shared);
  };
  co_return co_await change_on<RuntimeImagePtr>(strand_, std::move(add));
}

Result<CatalogImpl::PreparedRuntimePtr> CatalogImpl::prepare(const NewRuntimeImage& request) {
  if (!model::is_runtime_image_name(request.name)) {
    return Error(Errc::invalid, "'" + request.name.substr(0, 100) +
                                    "' is no name of a runtime image: 1 to 64 of a-z, 0-9, '.', "
                                    "'_' and '-', such as py-sci");
  }
  if (find_runtime_image(request.account_id, request.name)) return there_is_one(request.name);
  TRY(const auto upload, checked_upload(request.account_id, request.upload_id));
  auto prepared = std::make_shared<PreparedRuntime>();
  TRY(prepared->installed, code_.install_root(upload.file, upload.sha256, root_rules()));
  RuntimeImage& image = prepared->image;
  image.account_id = request.account_id;
  image.name = request.name;
  image.sha256 = upload.sha256;
  image.tree_id = prepared->installed.tree_id;
  image.asked_for = request.asked_for;
  image.archive_bytes = upload.bytes;
  image.unpacked_bytes = prepared->installed.unpacked_bytes;
  image.skipped = prepared->installed.skipped;
  image.added = clock_.wall_now();
  TRY(const auto root, os::open_file(code_.tree_path(image.tree_id), O_PATH | O_DIRECTORY));
  TRY(image.contents, oci::read_root(root.get(), options_.architecture));
  return prepared;
}

Result<RuntimeImagePtr> CatalogImpl::publish(const PreparedRuntime& prepared,
                                             const NewRuntimeImage& request) {
  const std::string key = runtime_record_key(request.account_id, request.name);
  // Two may have been unpacked at the same time.
  if (current_.get().runtime_images->contains(key)) return there_is_one(request.name);
  const std::string bytes = encode(prepared.image);
  TRY(decode_runtime_image(key, bytes));
  TRY(store_.put(kRuntimeBucket, key, bytes));
  code_.hold(prepared.image.tree_id);
  auto shared = std::make_shared<const RuntimeImage>(prepared.image);
  show_runtime_image(key, shared);
  uploads_->remove(request.account_id, request.upload_id);
  return RuntimeImagePtr(shared);
}

void CatalogImpl::show_runtime_image(const std::string& key, RuntimeImagePtr image) {
  Snapshot next = current_.get();
  auto images = std::make_shared<RuntimeImageMap>(*next.runtime_images);
  if (image) {
    images->insert_or_assign(key, std::move(image));
  } else {
    images->erase(key);
  }
  next.runtime_images = std::move(images);
  current_.set(std::move(next));
}

Result<RuntimeImagePtr> CatalogImpl::find_runtime_image(const std::string& account_id,
                                                        const std::string& name) const {
  const auto images = current_.get().runtime_images;
  const auto found = images->find(runtime_record_key(account_id, name));
  if (found == images->end()) return no_such_runtime_image(name);
  return found->second;
}

std::vector<RuntimeImagePtr> CatalogImpl::list_runtime_images(const std::string& account_id) const {
  const auto images = current_.get().runtime_images;
  std::vector<RuntimeImagePtr> list;
  for (const auto& [key, image] : *images) {
    if (image->account_id == account_id) list.push_back(image);
  }
  return list;
}

std::vector<std::string> CatalogImpl::users_of_runtime_image(const std::string& account_id,
                                                             const std::string& name) const {
  const auto functions = current_.get().functions;
  std::set<std::string> users;
  for (const auto& [key, record] : *functions) {
    const model::FunctionVersion& latest = *record->latest;
    if (latest.account_id != account_id || !is_user(*record, name)) continue;
    users.insert(latest.region + "/" + latest.name);
  }
  return {users.begin(), users.end()};
}

Task<void> CatalogImpl::remove_runtime_image(std::string account_id, std::string name) {
  return change_on<void>(strand_,
                         [this, account_id = std::move(account_id), name = std::move(name)] {
                           return drop_runtime_image(account_id, name);
                         });
}

Result<void> CatalogImpl::drop_runtime_image(const std::string& account_id,
                                             const std::string& name) {
  constexpr std::size_t kNamed = 10;
  TRY(const auto image, find_runtime_image(account_id, name));
  const auto users = users_of_runtime_image(account_id, name);
  if (!users.empty()) {
    std::string text;
    for (std::size_t i = 0; i < std::min(kNamed, users.size()); ++i) {
      text.append(i == 0 ? "" : ", ").append(users[i]);
    }
    if (users.size() > kNamed) text += " and " + std::to_string(users.size() - kNamed) + " more";
    return Error(Errc::conflict, "The runtime image '" + name + "' is used by the functions " +
                                     text + ", in $LATEST or in published versions");
  }
  const std::string key = runtime_record_key(account_id, name);
  TRY(store_.remove(kRuntimeBucket, key));
  show_runtime_image(key, nullptr);
  code_.drop(image->tree_id);
  return ok();
}

Result<void> CatalogImpl::use_root(model::FunctionVersion& version) const {
  version.root.reset();
  const std::string& name = version.settings.runtime_image;
  if (name.empty()) return ok();
  if (version.image) {
    return Error(Errc::invalid,
                 "The tag 'proa:runtime' is for functions of a zip: a container image is a root of "
                 "its own");
  }
  const auto found = find_runtime_image(version.account_id, name);
  if (!found) return Error(Errc::invalid, found.error().message());
  const RuntimeImage& image = *found.value();
  model::RuntimeRoot root;
  root.name = name;
  root.tree_id = image.tree_id;
  if (!version.runtime.starts_with("provided")) {
    const auto& all = image.contents.interpreters;
    const auto one = std::ranges::find(all, version.runtime, &oci::RootInterpreter::runtime);
    if (one == all.end()) {
      return Error(Errc::invalid, "The runtime image '" + name + "' has no " + version.runtime +
                                      ". It has " + runtimes_of(image));
    }
    root.program = one->program;
    root.language_version = one->version;
  }
  version.root = std::move(root);
  return ok();
}

}  // namespace proa::catalog
