#include "launcher/guest_files.h"

#include "model/kernel_statement.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

namespace proa::launcher {
namespace {

// QEMU reads it as another user, and opens some again by their descriptors. The daemon could have
// put a FIFO there: nobody waits at it.
Result<os::UniqueFd> open_public(int folder, const std::string& name, const std::string& of_what) {
  auto opened = os::open_beneath(folder, name, O_RDONLY | O_NONBLOCK);
  if (!opened) return opened.error().with_context(of_what);
  struct stat status {};
  if (::fstat(opened.value().get(), &status) != 0) return os_error(of_what + ": " + name);
  if (!S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0) {
    return Error(Errc::corrupt, of_what + ": " + name + " is no file that everybody may read");
  }
  return std::move(opened.value());
}

// All of one folder, even where another one takes its name meanwhile.
Result<void> open_kernel(int kernels, const std::string& id, GuestFiles& files) {
  const std::string what = "guest kernel " + id;
  auto folder = os::open_beneath(kernels, id, O_PATH | O_DIRECTORY);
  if (!folder) return folder.error().with_context(what);
  const int from = folder.value().get();
  TRY(files.kernel, open_public(from, "kernel", what));
  TRY(files.initrd, open_public(from, "initrd", what));
  TRY(files.manifest, open_public(from, "manifest.json", what));
  auto signature = open_public(from, model::kKernelSignatureFile, what);
  if (!signature && signature.error().code() == Errc::not_found) {
    return Error(Errc::corrupt, what + " is not signed by this host: proa kernel sign " + id);
  }
  TRY(files.signature, std::move(signature));
  return ok();
}

Result<os::UniqueFd> open_image(int folder, std::uint32_t is_wanted, const TreeId& id,
                                const char* which) {
  if (is_wanted == 0) return os::UniqueFd();
  const std::string name(id.data(), id.size());
  return open_public(folder, name + ".erofs", std::string(which) + " image of a guest");
}

}  // namespace

Result<GuestFiles> open_guest_files(const StartGuest& request, int kernels, int images) {
  const std::string id(request.kernel.data(), request.kernel.size());
  GuestFiles files;
  TRY(open_kernel(kernels, id, files));
  TRY(files.root, open_image(images, request.has_root, request.root, "root"));
  TRY(files.code, open_image(images, request.has_code, request.code, "code"));
  TRY(files.layers, open_image(images, request.has_layers, request.layers, "layers"));
  return files;
}

Result<void> check_memory_file(int file, const StartGuest& request) {
  const int seals = ::fcntl(file, F_GET_SEALS);
  if (seals < 0) return Error(Errc::invalid, "a guest's memory file is no memfd");
  // QEMU opens it for writing, whatever it does with it: only a seal keeps a copy from that.
  const int size_seals = F_SEAL_SHRINK | F_SEAL_GROW;
  const int wanted =
      request.memory == GuestMemory::copied ? size_seals | F_SEAL_WRITE | F_SEAL_SEAL : size_seals;
  if ((seals & wanted) != wanted)
    return Error(Errc::invalid, "a guest's memory file is not sealed");
  struct stat status {};
  if (::fstat(file, &status) != 0) return os_error("size of a guest's memory file");
  if (static_cast<std::uint64_t>(status.st_size) == std::uint64_t{request.memory_mib} << 20U) {
    return ok();
  }
  return Error(Errc::invalid, "a guest's memory file has another size than its memory");
}

}  // namespace proa::launcher
