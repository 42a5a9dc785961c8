// How the archive of a change comes in: sent along, out of the folder of objects, or uploaded
// before.
#include "catalog/catalog_impl.h"
#include "os/mapped_file.h"

namespace proa::catalog {

Result<InstalledPackage> CatalogImpl::install(const ArchiveSource& source,
                                              const std::string& account_id) {
  const PackageLimits& limits = options_.package_limits;
  if (source.upload_id) return install_upload(*source.upload_id, account_id);
  if (source.object) {
    // Lambda's limit on archives is one of the request; what comes from S3 may be larger.
    const ObjectFolder none;
    const ObjectFolder& folder = options_.objects != nullptr ? *options_.objects : none;
    TRY(const auto zip, folder.read(*source.object, limits.unpacked_bytes_max));
    return code_.install(zip);
  }
  if (source.zip.size() <= limits.zip_bytes_max) return code_.install(source.zip);
  return Error(Errc::too_large, "Zipped size must be smaller than " +
                                    std::to_string(limits.zip_bytes_max) + " bytes");
}

Result<InstalledPackage> CatalogImpl::install_upload(const std::string& id,
                                                     const std::string& account_id) {
  auto found = uploads_->complete(account_id, id);
  // The function is there: what is missing is a mistake in the request.
  if (!found && found.error().code() == Errc::not_found) {
    return Error(Errc::invalid, found.error().message());
  }
  TRY(const auto upload, std::move(found));
  TRY(const auto file, os::MappedFile::open(upload.file));
  StoredZip stored;
  stored.file = upload.file;
  stored.digest = upload.digest;
  return code_.install(file.bytes(), stored);
}

void CatalogImpl::finish(const ArchiveSource& source, const std::string& account_id) {
  if (source.upload_id) uploads_->remove(account_id, *source.upload_id);
}

}  // namespace proa::catalog
