#include "frames/init/reseed.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace proa::frames::init {
namespace {

// Linux' random.h is not there with musl.
constexpr unsigned kAddEntropy = 0x40085203;  // RNDADDENTROPY
constexpr unsigned kReseed = 0x5207;          // RNDRESEEDCRNG

struct Pool {
  int bits;
  int size;
  std::array<std::byte, 64> bytes;
};

const char* reseed_by(int device, std::span<const std::byte> entropy) {
  Pool pool{static_cast<int>(8 * entropy.size()), static_cast<int>(entropy.size()), {}};
  __builtin_memcpy(pool.bytes.data(), entropy.data(), entropy.size());
  if (::ioctl(device, static_cast<int>(kAddEntropy), &pool) != 0) return "by the host's entropy";
  // Else the generator goes on as its copies' do, for up to a minute.
  return ::ioctl(device, static_cast<int>(kReseed)) == 0 ? nullptr : "the kernel's generator";
}

}  // namespace

const char* reseed(std::span<const std::byte> entropy) {
  errno = EINVAL;
  if (entropy.size() > sizeof(Pool::bytes)) return "by so much entropy";
  const int device = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (device < 0) return "/dev/urandom";
  const char* failed = reseed_by(device, entropy);
  const int error = errno;
  ::close(device);
  errno = error;
  return failed;
}

}  // namespace proa::frames::init
