#include "launcher/kernel_check.h"

#include "launcher/guest_files.h"
#include "model/kernel_statement.h"
#include "os/file.h"
#include "os/file_digest.h"

#include <algorithm>
#include <ctime>

namespace proa::launcher {
namespace {

/// Kernels that are remembered; no host has as many.
constexpr std::size_t kKnownMax = 64;

std::int64_t ns_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Error not_signed(const std::string& id) {
  return Error(Errc::corrupt, "guest kernel " + id +
                                  " is not what this host has signed, and does not boot: proa "
                                  "kernel verify " +
                                  id + " says what differs");
}

}  // namespace

Result<void> KernelCheck::check(const KernelId& id, const GuestFiles& files) {
  const std::string name(id.data(), id.size());
  TRY(const auto before, stamps_of(files));
  const auto known = known_.find(name);
  if (known != known_.end() && known->second == before) return ok();
  known_.erase(name);
  ++hashed_;
  TRY(compare(name, files));
  TRY(const auto after, stamps_of(files));
  if (after == before && is_settled(before)) {
    if (known_.size() >= kKnownMax) known_.clear();
    known_.emplace(name, before);
  }
  return ok();
}

Result<void> KernelCheck::compare(const std::string& id, const GuestFiles& files) const {
  if (!key_) return not_signed(id);
  const std::string name = "guest kernel " + id;
  model::KernelStatement statement;
  statement.id = id;
  TRY(auto kernel, os::file_digest(files.kernel.get(), name));
  statement.kernel = std::move(kernel.sha256);
  TRY(auto initrd, os::file_digest(files.initrd.get(), name));
  statement.initrd = std::move(initrd.sha256);
  TRY(auto manifest, os::file_digest(files.manifest.get(), name));
  statement.manifest = std::move(manifest.sha256);
  TRY(const auto signature, os::read_all(files.signature.get()));
  if (!is_signed_by(*key_, text_of(statement), signature)) return not_signed(id);
  return ok();
}

Result<KernelCheck::Stamps> KernelCheck::stamps_of(const GuestFiles& files) {
  Stamps stamps;
  auto stamp = stamps.begin();
  for (const os::UniqueFd* file :
       {&files.kernel, &files.initrd, &files.manifest, &files.signature}) {
    struct stat status {};
    if (::fstat(file->get(), &status) != 0) return os_error("look at a guest kernel");
    *stamp++ = {status.st_dev, status.st_ino, status.st_size, ns_of(status.st_mtim),
                ns_of(status.st_ctim)};
  }
  return stamps;
}

// The time of change is the kernel's word: nobody can set it back, as the time of a write.
bool KernelCheck::is_settled(const Stamps& stamps) const {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::ranges::all_of(
      stamps, [&](const Stamp& stamp) { return stamp.changed_ns + settled_.count() < ns_of(now); });
}

}  // namespace proa::launcher
