#include "launcher/net/bpf_programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace proa::launcher::net {
namespace {

constexpr std::size_t kLogBytes = 256 * 1024;
constexpr std::size_t kLogShownBytes = 600;

// The verifier's complaint stands at the end of its log.
std::string end_of(const std::vector<char>& log) {
  std::string text(log.data(), ::strnlen(log.data(), log.size()));
  if (text.size() > kLogShownBytes) text = "..." + text.substr(text.size() - kLogShownBytes);
  return text;
}

Error load_error(int code, const std::string& what, const std::vector<char>& log) {
  const Errc condition = code == EPERM || code == EACCES ? Errc::denied : Errc::unsupported;
  std::string text = "load the " + what + " program (eBPF): ";
  text += std::generic_category().message(code);
  const std::string words = end_of(log);
  if (!words.empty()) text += "; the kernel says: " + words;
  return {condition, text, code};
}

}  // namespace

void BpfPrograms::Close::operator()(bpf_object* object) const { ::bpf_object__close(object); }

Result<BpfPrograms> BpfPrograms::load(std::span<const unsigned char> object,
                                      const std::string& what) {
  // libbpf would print to standard error; what matters comes back in the verifier's log.
  ::libbpf_set_print(nullptr);
  std::vector<char> log(kLogBytes, '\0');
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "proa";
  options.kernel_log_buf = log.data();
  options.kernel_log_size = log.size();
  bpf_object* opened = ::bpf_object__open_mem(object.data(), object.size(), &options);
  if (opened == nullptr) return load_error(errno, what, log);
  BpfPrograms loaded(opened, what);
  const int status = ::bpf_object__load(opened);
  if (status != 0) return load_error(-status, what, log);
  return loaded;
}

Result<int> BpfPrograms::program(const char* name) const {
  const bpf_program* found = ::bpf_object__find_program_by_name(object_.get(), name);
  if (found != nullptr) return ::bpf_program__fd(found);
  return Error(Errc::internal, "the " + what_ + " program lacks its part " + name);
}

Result<int> BpfPrograms::map(const char* name) const {
  const int found = ::bpf_object__find_map_fd_by_name(object_.get(), name);
  if (found >= 0) return found;
  return Error(Errc::internal, "the " + what_ + " program lacks its map " + name);
}

}  // namespace proa::launcher::net
