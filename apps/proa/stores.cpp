#include "stores.h"

#include "api/api.h"

namespace proa::apps {

// Beside the other secrets. A backup has the records of that folder, and not this.
std::filesystem::path kernel_key_file(const ServeOptions& options) {
  return options.data / "catalog" / "kernels.key";
}

Result<Stores> open_stores(const ServeOptions& options, StoreGround ground,
                           const environment::RuntimePrograms& programs,
                           boost::asio::thread_pool& blocking, Clock& clock) {
  Stores stores;
  TRY(stores.key_records, storage::open_sqlite(options.data / "catalog" / "keys.db"));
  TRY(stores.keys,
      identity::KeyStore::open(*stores.key_records, blocking, clock, options.account_id));
  TRY(stores.role_records, storage::open_sqlite(options.data / "catalog" / "roles.db"));
  TRY(stores.roles, identity::RoleStore::open(*stores.role_records, blocking, clock));
  if (!ground.is_loopback && !stores.keys->is_on()) {
    return Error(Errc::denied,
                 "--listen " + options.listen +
                     ": other hosts could reach this address and there are no keys, so anybody "
                     "could do anything; start with --listen 127.0.0.1:9600, make a key (proa key "
                     "create), and start again");
  }
  TRY(stores.catalog_store, storage::open_sqlite(options.data / "catalog" / "catalog.db"));
  catalog::CatalogOptions catalog_options;
  catalog_options.data_folder = options.data;
  stores.objects = std::make_unique<catalog::ObjectFolder>(std::move(ground.s3_folder));
  catalog_options.objects = stores.objects.get();
  catalog_options.architecture = api::ApiOptions().architecture;
  catalog_options.image_files = ground.image_files;
  catalog_options.root_additions = std::move(ground.root_additions);
  catalog_options.account_concurrency = options.account_concurrency;
  if (options.isolation == "microvm") {
    catalog_options.default_settings.isolation = model::Isolation::microvm;
  }
  catalog_options.interpreter_versions = [&programs](std::string_view runtime) {
    return programs.version_of(runtime);
  };
  TRY(stores.catalog,
      catalog::Catalog::open(std::move(catalog_options), *stores.catalog_store, blocking, clock));
  TRY(stores.backups, backup::BackupStore::open(options.data));
  kernels::KernelStoreOptions kernel_options;
  kernel_options.folder = options.data / "kernels";
  kernel_options.init_program = std::move(ground.init_program);
  // By weight, a build has what functions leave; by quota it would take hours with so little.
  constexpr std::uint32_t kTwoProcessorsMib = 3'538;
  if (options.cpu_policy == "quota") kernel_options.build_processor_mib = kTwoProcessorsMib;
  kernel_options.signing = std::move(ground.kernel_key);
  kernel_options.signing_file = kernel_key_file(options);
  kernel_options.recipes = ground.runtimes / "kernel";
  TRY(stores.kernels, kernels::KernelStore::open(std::move(kernel_options), clock));
  images::ImageStoreOptions image_options;
  image_options.folder = options.data / "images";
  image_options.most = Bytes::mib(options.image_mib);
  TRY(stores.images, images::ImageStore::open(std::move(image_options)));
  stores.disk =
      std::make_unique<storage::DiskUse>(options.data, Bytes::mib(options.disk_reserve_mib), clock);
  return stores;
}

}  // namespace proa::apps
