// Container images: what is loaded, found and removed, and functions made of them.
#include "base/encoding.h"
#include "base/run_on.h"
#include "catalog/catalog_impl.h"
#include "catalog/image_names.h"
#include "catalog/image_records.h"
#include "os/file.h"
#include "os/file_digest.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace proa::catalog {
namespace {

constexpr std::size_t kDigestBeginMin = 8;

/// As Go, and so images, call what Lambda calls x86_64.
std::string go_architecture(const std::string& architecture) {
  return architecture == "x86_64" ? "amd64" : architecture;
}

Error no_such_image(const std::string& name) {
  return Error(Errc::not_found, "There is no image '" + name.substr(0, 300) +
                                    "': proa image list shows those that were loaded");
}

/// The one that is meant, of those in the archive.
Result<const oci::Image*> choose(const std::vector<oci::Image>& images, const std::string& name) {
  if (images.size() == 1) return &images.front();
  std::string names;
  for (const oci::Image& image : images) {
    for (const std::string& each : image.names) {
      if (each == name) return &image;
      names.append(names.empty() ? "" : ", ").append(each);
    }
  }
  return Error(Errc::invalid,
               "The archive has several images: load it once for each, with its "
               "name. They are " +
                   names);
}

Result<std::vector<std::string>> names_for(const oci::Image& image, const std::string& name) {
  std::vector<std::string> names;
  const std::vector<std::string> said = name.empty() ? image.names : std::vector<std::string>{name};
  for (const std::string& each : said) {
    TRY(auto plain, plain_image_name(each));
    names.push_back(std::move(plain));
  }
  if (!names.empty()) return names;
  return Error(Errc::invalid, "The archive does not say what its image is called: give it a name");
}

model::ImageDefaults defaults_of(const oci::Config& config) {
  return {config.entry_point, config.command, config.environment, config.working_directory};
}

/// PATH as the process will have it: the function's own, else the image's.
std::string path_of(const model::FunctionVersion& version) {
  const auto own = version.environment.find("PATH");
  if (own != version.environment.end()) return own->second;
  for (const std::string& each : version.image->defaults.environment) {
    if (each.starts_with("PATH=")) return each.substr(5);
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// Where a program that is in none of the places of `path` is not.
std::string looked_for_first(const std::string& name, std::string_view path,
                             const std::string& directory) {
  if (name.starts_with('/')) return name;
  if (name.find('/') != std::string::npos) return directory + "/" + name;
  const std::string place(path.substr(0, path.find(':')));
  return (place.starts_with('/') ? place : "/usr/bin") + "/" + name;
}

}  // namespace

Result<void> CatalogImpl::load_images() {
  TRY(auto entries, store_.list(kImageBucket));
  auto images = std::make_shared<ImageMap>();
  for (const auto& entry : entries) {
    TRY(auto image, decode_image(entry.key, entry.value));
    auto ensured = code_.ensure_image(image.tree_id, image_rules());
    if (!ensured) return ensured.error().with_context("record images '" + entry.key + "'");
    code_.hold(image.tree_id);
    images->emplace(entry.key, std::make_shared<const ContainerImage>(std::move(image)));
  }
  Snapshot next = current_.get();
  next.images = std::move(images);
  current_.set(std::move(next));
  return ok();
}

// Unpacking takes long, so the strand is free meanwhile: only the record is a change.
Task<ContainerImagePtr> CatalogImpl::load_image(NewImage request) {
  const auto shared = std::make_shared<const NewImage>(std::move(request));
  std::function<Result<PreparedImagePtr>()> unpack = [this, shared] { return prepare(*shared); };
  CO_TRY(const auto prepared,
         co_await change_on<PreparedImagePtr>(strand_.get_inner_executor(), std::move(unpack)));
  std::function<Result<ContainerImagePtr>()> add = [this, shared, prepared] {
    return add_image(*prepared, *shared);
  };
  co_return co_await change_on<ContainerImagePtr>(strand_, std::move(add));
}

Result<CatalogImpl::CheckedUpload> CatalogImpl::checked_upload(const std::string& account_id,
                                                               const std::string& upload_id) const {
  TRY(const auto upload, uploads_->complete(account_id, upload_id));
  TRY(const auto digest, os::file_digest(upload.file));
  if (digest.sha256 != to_hex(upload.digest)) {
    return Error(Errc::invalid, "The upload has the SHA-256 " + digest.sha256 +
                                    ", not the announced " + to_hex(upload.digest));
  }
  return CheckedUpload{upload.file, digest.sha256, digest.bytes};
}

Result<CatalogImpl::PreparedImagePtr> CatalogImpl::prepare(const NewImage& request) {
  TRY(const auto upload, checked_upload(request.account_id, request.upload_id));
  TRY(const auto images,
      oci::read_images(upload.file, go_architecture(options_.architecture), options_.image_limits));
  TRY(const oci::Image* const chosen, choose(images, request.name));
  auto prepared = std::make_shared<PreparedImage>();
  ContainerImage& image = prepared->image;
  TRY(image.names, names_for(*chosen, request.name));
  TRY(prepared->installed, code_.install_image(upload.file, *chosen, image_rules()));
  image.account_id = request.account_id;
  image.digest = std::string(kSha256Begin) + chosen->digest;
  image.tree_id = prepared->installed.tree_id;
  image.architecture = options_.architecture;
  image.defaults = defaults_of(chosen->config);
  image.layers = chosen->layers.size();
  image.archive_bytes = upload.bytes;
  image.unpacked_bytes = prepared->installed.unpacked_bytes;
  image.skipped = prepared->installed.skipped;
  image.loaded = clock_.wall_now();
  return prepared;
}

Result<ContainerImagePtr> CatalogImpl::add_image(const PreparedImage& prepared,
                                                 const NewImage& request) {
  ContainerImage image = prepared.image;
  const auto images = current_.get().images;
  for (const auto& [key, other] : *images) {
    if (other->account_id != image.account_id) continue;
    ContainerImage changed = *other;
    const bool is_same = other->digest == image.digest;
    for (const std::string& name : other->names) {
      const bool is_taken = std::ranges::find(image.names, name) != image.names.end();
      if (is_same && !is_taken) image.names.push_back(name);
      if (!is_same && is_taken) std::erase(changed.names, name);
    }
    if (!is_same && changed.names != other->names) {
      TRY(publish(std::move(changed)));
    }
  }
  TRY(auto added, publish(std::move(image)));
  uploads_->remove(request.account_id, request.upload_id);
  return added;
}

Result<ContainerImagePtr> CatalogImpl::publish(ContainerImage image) {
  const std::string key = record_key(image);
  const std::string bytes = encode(image);
  TRY(decode_image(key, bytes));
  TRY(store_.put(kImageBucket, key, bytes));
  const auto images = current_.get().images;
  const auto previous = images->find(key);
  code_.hold(image.tree_id);
  if (previous != images->end()) code_.drop(previous->second->tree_id);
  auto shared = std::make_shared<const ContainerImage>(std::move(image));
  show_image(key, shared);
  return ContainerImagePtr(shared);
}

void CatalogImpl::show_image(const std::string& key, ContainerImagePtr image) {
  Snapshot next = current_.get();
  auto images = std::make_shared<ImageMap>(*next.images);
  if (image) {
    images->insert_or_assign(key, std::move(image));
  } else {
    images->erase(key);
  }
  next.images = std::move(images);
  current_.set(std::move(next));
}

Result<ContainerImagePtr> CatalogImpl::find_image(const std::string& account_id,
                                                  const std::string& name) const {
  std::string_view digest = digest_in(name);
  if (digest.empty() && is_hex(name, name.size())) digest = name;
  const auto plain = plain_image_name(name);
  ContainerImagePtr found;
  for (const ContainerImagePtr& each : list_images(account_id)) {
    const auto& names = each->names;
    if (plain && std::ranges::find(names, plain.value()) != names.end()) return each;
    const bool begins = digest.size() >= kDigestBeginMin &&
                        each->digest.substr(kSha256Begin.size()).starts_with(digest);
    if (begins && found) {
      return Error(Errc::invalid,
                   "The digests of several images begin with " + std::string(digest));
    }
    if (begins) found = each;
  }
  if (!found) return no_such_image(name);
  return found;
}

std::vector<ContainerImagePtr> CatalogImpl::list_images(const std::string& account_id) const {
  const auto images = current_.get().images;
  std::vector<ContainerImagePtr> list;
  for (const auto& [key, image] : *images) {
    if (image->account_id == account_id) list.push_back(image);
  }
  return list;
}

Task<void> CatalogImpl::remove_image(std::string account_id, std::string name) {
  return change_on<void>(strand_,
                         [this, account_id = std::move(account_id), name = std::move(name)] {
                           return drop_image(account_id, name);
                         });
}

Result<void> CatalogImpl::drop_image(const std::string& account_id, const std::string& name) {
  TRY(const auto image, find_image(account_id, name));
  const std::string key = record_key(*image);
  TRY(store_.remove(kImageBucket, key));
  show_image(key, nullptr);
  code_.drop(image->tree_id);
  return ok();
}

Result<void> CatalogImpl::use_image(FunctionDocument& document, const std::string& uri) const {
  const auto found = find_image(document.latest.account_id, uri);
  if (!found) {
    return Error(Errc::invalid,
                 "Source image " + uri + " does not exist. Provide a valid source image.");
  }
  const ContainerImage& image = *found.value();
  model::FunctionVersion& version = document.latest;
  model::ImageCode code;
  code.uri = uri;
  code.resolved_uri = resolved_uri(uri, image.digest);
  code.defaults = image.defaults;
  if (version.image) code.overrides = std::move(version.image->overrides);
  version.image = std::move(code);
  version.tree_id = image.tree_id;
  version.code_size = 0;
  version.code_sha256_base64 = image.digest.substr(kSha256Begin.size());
  document.code_unpacked_bytes = image.unpacked_bytes;
  return use_program(document);
}

// One that is not there is for a call to find: so it is on Lambda.
Result<void> CatalogImpl::use_program(FunctionDocument& document) const {
  model::ImageCode& image = *document.latest.image;
  const auto arguments = image.arguments();
  if (arguments.empty() || arguments.front().empty()) {
    return Error(Errc::invalid,
                 "The image " + image.uri + " says neither ENTRYPOINT nor CMD: ImageConfig has to");
  }
  TRY(const auto root,
      os::open_file(code_.tree_path(document.latest.tree_id), O_PATH | O_DIRECTORY));
  const auto found = oci::find_program(root.get(), arguments.front(), path_of(document.latest),
                                       image.working_directory());
  image.program = found ? found.value()
                        : looked_for_first(arguments.front(), path_of(document.latest),
                                           image.working_directory());
  return ok();
}

}  // namespace proa::catalog
