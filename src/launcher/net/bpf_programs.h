// tc programs that were compiled into this binary, loaded into the kernel.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct bpf_object;

namespace proa::launcher::net {

/// Owns what one object file holds: its programs and maps. They live on as long as a device uses
/// them. Used by the launcher's pool role.
class BpfPrograms {
 public:
  /// Loads `object`, the bytes of an ELF file; `what` names it in errors ("address rewriting").
  /// Errc: unsupported when the kernel or its configuration refuses (the message has the verifier's
  /// last lines), denied without CAP_BPF and CAP_NET_ADMIN.
  static Result<BpfPrograms> load(std::span<const unsigned char> object, const std::string& what);

  /// Descriptor of a program or a map, borrowed. Errc: internal (there is none of that name).
  Result<int> program(const char* name) const;
  Result<int> map(const char* name) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const;
  };
  BpfPrograms(bpf_object* object, std::string what) : object_(object), what_(std::move(what)) {}

  std::unique_ptr<bpf_object, Close> object_;
  std::string what_;
};

}  // namespace proa::launcher::net
