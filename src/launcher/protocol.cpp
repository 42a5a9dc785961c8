#include "launcher/protocol.h"

#include "base/encoding.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace proa::launcher {
namespace {

template <class Variant>
std::string encode_variant(const Variant& message) {
  return std::visit(
      [&](const auto& body) {
        static_assert(std::has_unique_object_representations_v<std::decay_t<decltype(body)>>,
                      "padding would leak bytes of this process");
        const auto number = static_cast<std::uint32_t>(message.index());
        std::string bytes(sizeof number + sizeof body, '\0');
        std::memcpy(bytes.data(), &number, sizeof number);
        std::memcpy(bytes.data() + sizeof number, &body, sizeof body);
        return bytes;
      },
      message);
}

template <class Variant, std::size_t kIndex = 0>
Result<Variant> decode_variant(std::uint32_t number, std::string_view body) {
  if constexpr (kIndex == std::variant_size_v<Variant>) {
    return Error(Errc::corrupt, "unknown message number " + std::to_string(number));
  } else {
    if (number != kIndex) return decode_variant<Variant, kIndex + 1>(number, body);
    using Body = std::variant_alternative_t<kIndex, Variant>;
    if (body.size() != sizeof(Body)) {
      return Error(Errc::corrupt, "message " + std::to_string(number) + " has a wrong size");
    }
    Body out;
    std::memcpy(static_cast<void*>(&out), body.data(), sizeof out);
    return Variant(std::in_place_index<kIndex>, out);
  }
}

template <class Variant>
Result<Variant> decode_any(std::string_view bytes) {
  std::uint32_t number = 0;
  if (bytes.size() < sizeof number) return Error(Errc::corrupt, "message without a number");
  std::memcpy(&number, bytes.data(), sizeof number);
  return decode_variant<Variant>(number, bytes.substr(sizeof number));
}

template <std::size_t kSize>
bool is_id(const std::array<char, kSize>& id) {
  return is_hex({id.data(), id.size()}, kSize);
}

template <class Id>
Result<Id> parse_id(std::string_view text, const char* of_what) {
  Id id{};
  if (!is_hex(text, id.size())) {
    return Error(Errc::invalid, "'" + std::string(text) + "' is no id of a " + of_what);
  }
  std::copy(text.begin(), text.end(), id.begin());
  return id;
}

// One overload a message: which field is out of range, or nothing.
const char* fault(const SlotId& slot) { return slot.index < kMaxSlots ? nullptr : "slot"; }
bool is_use(SlotUse use) { return use == SlotUse::container || use == SlotUse::guest; }

const char* fault(const AcquireSlot& message) {
  if (!is_use(message.use)) return "use";
  return message.tmp_mib >= 512 && message.tmp_mib <= 10'240 ? nullptr : "tmp_mib";
}
const char* fault(const ConfigureSlot& message) {
  if (static_cast<std::uint32_t>(message.network) > 2) return "network";
  const Limits& limits = message.limits;
  if (limits.memory_bytes < (64ULL << 20U) || limits.memory_bytes > (64ULL << 30U))
    return "memory_bytes";
  if (limits.pids < 1 || limits.pids > 65'536) return "pids";
  if (limits.memory_mib < 1 || limits.memory_mib > 65'536) return "memory_mib";
  return fault(message.slot);
}
const char* fault(const AdoptCode& message) {
  if (!is_id(message.code)) return "code";
  if (message.layer_count > kMaxLayers) return "layer_count";
  for (std::size_t i = 0; i < message.layer_count; ++i) {
    if (!is_id(message.layers[i])) return "layers";
  }
  if (message.has_root > 1) return "has_root";
  if (message.has_root != 0 && !is_id(message.root)) return "root";
  return fault(message.slot);
}
const char* fault(const AdoptRoot& message) {
  return is_id(message.root) ? fault(message.slot) : "root";
}
const char* fault(const SlotReady& message) {
  if (message.cgroup_fds > 16) return "cgroup_fds";
  if (message.has_cgroup2 > 1) return "has_cgroup2";
  if (!is_use(message.use)) return "use";
  if (message.has_tap > (message.use == SlotUse::guest ? 1U : 0U)) return "has_tap";
  if (message.has_ipv6 > message.has_tap) return "has_ipv6";
  return fault(message.slot);
}
const char* fault(const ReleaseSlot& message) { return fault(message.slot); }
const char* fault(const StartSandbox& message) { return fault(message.slot); }
const char* image_fault(const StartGuest& message) {
  if (message.has_root > 1 || (message.has_root != 0 && !is_id(message.root))) return "root";
  // Both are mounted in the root.
  if (message.has_code > message.has_root || (message.has_code != 0 && !is_id(message.code)))
    return "code";
  if (message.has_layers > message.has_root || (message.has_layers != 0 && !is_id(message.layers)))
    return "layers";
  return nullptr;
}
const char* fault(const StartGuest& message) {
  if (!is_id(message.kernel)) return "kernel";
  if (static_cast<std::uint32_t>(message.accelerator) > 1) return "accelerator";
  if (message.memory_mib < 24 || message.memory_mib > 65'536) return "memory_mib";
  if (message.tsc_khz < 100'000 || message.tsc_khz > 100'000'000) return "tsc_khz";
  if (message.needs_acpi > 1) return "needs_acpi";
  if (static_cast<std::uint32_t>(message.memory) > 2 ||
      (message.memory != GuestMemory::own && message.has_root == 0)) {
    return "memory";
  }
  if (const char* field = image_fault(message)) return field;
  return fault(message.slot);
}
const char* fault(const KillSandbox& message) { return fault(message.slot); }
const char* fault(const SlotGone& message) { return fault(message.slot); }
const char* fault(const PoolStatus&) { return nullptr; }
const char* fault(const OpenGatewayDns&) { return nullptr; }
const char* fault(const GatewayDns& message) {
  return message.has_ipv6 <= 1 ? nullptr : "has_ipv6";
}
const char* fault(const Done& message) { return fault(message.slot); }
const char* fault(const Exited& message) { return fault(message.slot); }
const char* fault(const Text& message) { return message.size <= kMaxText ? nullptr : "size"; }
const char* fault(const RolesUp& message) {
  return message.shards >= 1 && message.shards <= kMaxShards ? nullptr : "shards";
}
const char* fault(const Failed& message) {
  return message.code <= Errc::internal && message.message.back() == '\0' ? nullptr : "failure";
}

template <class Variant>
Result<Variant> decode_checked(std::string_view bytes) {
  TRY(auto message, decode_any<Variant>(bytes));
  const char* field = std::visit([](const auto& body) { return fault(body); }, message);
  if (field != nullptr) {
    return Error(Errc::invalid, std::string("launcher protocol: '") + field + "' is out of range");
  }
  return message;
}

}  // namespace

std::string encode(const Request& request) { return encode_variant(request); }
std::string encode(const Reply& reply) { return encode_variant(reply); }
Result<Request> decode_request(std::string_view bytes) { return decode_checked<Request>(bytes); }
Result<Reply> decode_reply(std::string_view bytes) { return decode_checked<Reply>(bytes); }

Failed make_failed(std::uint64_t request, const Error& error) {
  Failed failed;
  failed.request = request;
  failed.code = error.code();
  failed.os_errno = error.os_errno();
  const std::size_t size = std::min(error.message().size(), failed.message.size() - 1);
  std::memcpy(failed.message.data(), error.message().data(), size);
  return failed;
}

Error to_error(const Failed& failed) {
  return Error(failed.code, std::string(failed.message.data()), failed.os_errno);
}

Result<TreeId> parse_tree_id(std::string_view text) { return parse_id<TreeId>(text, "code tree"); }
Result<KernelId> parse_kernel_id(std::string_view text) {
  return parse_id<KernelId>(text, "guest kernel");
}

}  // namespace proa::launcher
