#include "launcher/net/rewrite.h"

#include "launcher/net/bpf/rewrite_entry.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

extern const unsigned char proa_rewrite_object[];
extern const std::size_t proa_rewrite_object_size;

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

Error load_error(int code, const std::vector<char>& log) {
  const Errc condition = code == EPERM || code == EACCES ? Errc::denied : Errc::unsupported;
  std::string text = "load the address rewriting program (eBPF): ";
  text += std::generic_category().message(code);
  const std::string words = end_of(log);
  if (!words.empty()) text += "; the kernel says: " + words;
  return {condition, text, code};
}

}  // namespace

void RewriteProgram::Close::operator()(bpf_object* object) const { ::bpf_object__close(object); }

Result<RewriteProgram> RewriteProgram::load() {
  // libbpf would print to standard error; what matters comes back in the verifier's log.
  ::libbpf_set_print(nullptr);
  std::vector<char> log(kLogBytes, '\0');
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "proa_rewrite";
  options.kernel_log_buf = log.data();
  options.kernel_log_size = log.size();
  bpf_object* object =
      ::bpf_object__open_mem(proa_rewrite_object, proa_rewrite_object_size, &options);
  if (object == nullptr) return load_error(errno, log);
  RewriteProgram loaded(object);
  const int status = ::bpf_object__load(object);
  if (status != 0) return load_error(-status, log);
  const bpf_program* from = ::bpf_object__find_program_by_name(object, "from_env");
  const bpf_program* to = ::bpf_object__find_program_by_name(object, "to_env");
  loaded.map_ = ::bpf_object__find_map_fd_by_name(object, "environments");
  if (from == nullptr || to == nullptr || loaded.map_ < 0) {
    return Error(Errc::internal, "the address rewriting program lacks a part");
  }
  loaded.from_ = ::bpf_program__fd(from);
  loaded.to_ = ::bpf_program__fd(to);
  return loaded;
}

Result<void> RewriteProgram::set(int device_index, const IpAddress& outside4,
                                 const std::optional<IpAddress>& outside6) {
  proa_rewrite_entry entry{};
  std::ranges::copy(std::as_bytes(std::span(outside4.bytes())),
                    std::as_writable_bytes(std::span(entry.outside4)).begin());
  if (outside6) {
    entry.has_outside6 = 1;
    std::ranges::copy(std::as_bytes(std::span(outside6->bytes())),
                      std::as_writable_bytes(std::span(entry.outside6)).begin());
  }
  if (::bpf_map_update_elem(map_, &device_index, &entry, BPF_ANY) != 0) {
    return os_error("enter device " + std::to_string(device_index) + " into the rewriting map");
  }
  return ok();
}

Result<void> RewriteProgram::forget(int device_index) {
  if (::bpf_map_delete_elem(map_, &device_index) != 0 && errno != ENOENT) {
    return os_error("remove device " + std::to_string(device_index) + " from the rewriting map");
  }
  return ok();
}

Result<void> RewriteProgram::attach(NetlinkSocket& socket, const Device& device) const {
  TRY(add_clsact(socket, device));
  TRY(add_program(socket, device, TcDirection::ingress, from_, "proa_from_env"));
  return add_program(socket, device, TcDirection::egress, to_, "proa_to_env");
}

}  // namespace proa::launcher::net
