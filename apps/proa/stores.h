// Everything that lives in the data folder, opened in the order of the arrows.
#pragma once

#include "backup/backup.h"
#include "catalog/catalog.h"
#include "environment/environment.h"
#include "identity/identity.h"
#include "images/images.h"
#include "kernels/kernels.h"
#include "serve_options.h"
#include "storage/disk_use.h"
#include "storage/storage.h"

#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace proa::apps {

/// What the data folder holds. Destroyed before the blocking pool.
struct Stores {
  std::unique_ptr<storage::KeyValueStore> catalog_store;
  std::unique_ptr<storage::KeyValueStore> key_records;  ///< a file of its own: secrets are in it
  std::unique_ptr<identity::KeyStore> keys;
  std::unique_ptr<storage::KeyValueStore> role_records;  ///< likewise
  std::unique_ptr<identity::RoleStore> roles;
  std::unique_ptr<catalog::ObjectFolder> objects;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<backup::BackupStore> backups;
  std::unique_ptr<kernels::KernelStore> kernels;
  std::unique_ptr<images::ImageStore> images;
  std::unique_ptr<storage::DiskUse> disk;
};

/// What was opened while root and belongs to the stores from here on.
struct StoreGround {
  bool is_loopback = true;  ///< nobody else can reach the listeners
  os::UniqueFd s3_folder;   ///< none without --s3-folder
  os::UniqueFd init_program;
  std::filesystem::path runtimes;  ///< how kernels are built is said there
  std::optional<kernels::SigningKey> kernel_key;
  std::map<std::string, std::string> image_files;  ///< catalog::CatalogOptions
  oci::RootAdditions root_additions;               ///< likewise
};

/// Where the key is by which guest kernels are signed.
std::filesystem::path kernel_key_file(const ServeOptions& options);

/// Opens all. `programs`, `blocking` and `clock` outlive them. Errc: denied (others could reach the
/// listeners, and there are no keys), and those of each store.
Result<Stores> open_stores(const ServeOptions& options, StoreGround ground,
                           const environment::RuntimePrograms& programs,
                           boost::asio::thread_pool& blocking, Clock& clock);

}  // namespace proa::apps
