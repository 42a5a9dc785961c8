#include "frames/frames.h"

namespace proa::frames {
namespace {

constexpr std::size_t kInvokeFixedSize = 8 + kRequestIdSize + 2 + 2 + 4 + 4;
constexpr std::size_t kStartFixedSize = 4 + 4 + 2 + 2 + 2 + 2;

/// Reads fields off the front of foreign bytes. After one field that does not fit, is_good() is
/// false for good and every value is empty.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class Int>
  Int integer() {
    const auto bytes = take(sizeof(Int));
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i > 0; --i) {
      value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
    }
    return static_cast<Int>(value);
  }
  std::string_view text(std::size_t size) {
    const auto bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Text that a NUL follows and that contains none.
  std::string_view terminated_text(std::size_t size) {
    const std::string_view result = text(size);
    if (result.find('\0') != std::string_view::npos) is_good_ = false;
    if (integer<std::uint8_t>() != 0) is_good_ = false;
    return is_good_ ? result : std::string_view{};
  }
  std::span<const std::byte> rest() const { return rest_; }
  bool is_good() const { return is_good_; }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (!is_good_ || size > rest_.size()) {
      is_good_ = false;
      return {};
    }
    const auto result = rest_.first(size);
    rest_ = rest_.subspan(size);
    return result;
  }

  std::span<const std::byte> rest_;
  bool is_good_ = true;
};

/// Writes fields into a buffer whose size was computed before; traps when it was computed wrong.
class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : rest_(out) {}

  template <class Int>
  void integer(Int value) {
    const auto out = take(sizeof(Int));
    for (std::size_t i = 0; i < sizeof(Int); ++i) {
      out[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xffU);
    }
  }
  void text(std::string_view value) {
    const auto out = take(value.size());
    if (!value.empty()) __builtin_memcpy(out.data(), value.data(), value.size());
  }
  /// The length as an Int, then the text. Traps when the length does not fit.
  template <class Int>
  void sized_text(std::string_view value) {
    if (value.size() > static_cast<Int>(-1)) __builtin_trap();
    integer(static_cast<Int>(value.size()));
    text(value);
  }

 private:
  std::span<std::byte> take(std::size_t size) {
    if (size > rest_.size()) __builtin_trap();
    const auto result = rest_.first(size);
    rest_ = rest_.subspan(size);
    return result;
  }

  std::span<std::byte> rest_;
};

bool is_ordinary_id(std::uint32_t id) {
  // setresuid(2) reads 2^32-1 as "leave it as it is": the process would stay root.
  return id != 0 && id != 0xffffffffU;
}

bool is_absolute(std::string_view path) { return !path.empty() && path.front() == '/'; }

bool is_variable(std::string_view text) {
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0;
}

bool are_strings_valid(const StartView& view) {
  Reader reader(view.strings);
  for (std::size_t i = 0; i < view.arguments; ++i) {
    const auto argument = reader.terminated_text(reader.integer<std::uint32_t>());
    if (i == 0 && !is_absolute(argument)) return false;
  }
  for (std::size_t i = 0; i < view.variables; ++i) {
    if (!is_variable(reader.terminated_text(reader.integer<std::uint32_t>()))) return false;
  }
  return reader.is_good() && reader.rest().empty();
}

}  // namespace

Status decode_header(std::span<const std::byte> bytes, Header& out) {
  if (bytes.size() < kHeaderSize) return Status::need_more;
  Reader reader(bytes);
  out.body_size = reader.integer<std::uint32_t>();
  out.type = static_cast<Type>(reader.integer<std::uint8_t>());
  const auto flags = reader.integer<std::uint8_t>();
  const auto reserved = reader.integer<std::uint16_t>();
  if (out.body_size > kMaxBody || flags != 0 || reserved != 0) return Status::malformed;
  return Status::ok;
}

void encode_header(const Header& header, std::span<std::byte, kHeaderSize> out) {
  Writer writer(out);
  writer.integer(header.body_size);
  writer.integer(static_cast<std::uint8_t>(header.type));
  writer.integer(std::uint8_t{0});
  writer.integer(std::uint16_t{0});
}

std::size_t invoke_head_size(const InvokeView& view) {
  return kInvokeFixedSize + view.invoked_arn.size() + view.trace_id.size() +
         view.client_context.size() + view.cognito_identity.size();
}

void encode_invoke_head(const InvokeView& view, std::span<std::byte> out) {
  if (view.request_id.size() != kRequestIdSize) __builtin_trap();
  Writer writer(out);
  writer.integer(view.deadline_ms);
  writer.text(view.request_id);
  writer.sized_text<std::uint16_t>(view.invoked_arn);
  writer.sized_text<std::uint16_t>(view.trace_id);
  writer.sized_text<std::uint32_t>(view.client_context);
  writer.sized_text<std::uint32_t>(view.cognito_identity);
}

Status decode_invoke(std::span<const std::byte> body, InvokeView& out) {
  Reader reader(body);
  out.deadline_ms = reader.integer<std::uint64_t>();
  out.request_id = reader.text(kRequestIdSize);
  out.invoked_arn = reader.text(reader.integer<std::uint16_t>());
  out.trace_id = reader.text(reader.integer<std::uint16_t>());
  out.client_context = reader.text(reader.integer<std::uint32_t>());
  out.cognito_identity = reader.text(reader.integer<std::uint32_t>());
  out.payload = reader.text(reader.rest().size());
  return reader.is_good() ? Status::ok : Status::malformed;
}

std::size_t start_body_size(const StartSpec& spec) {
  std::size_t size = kStartFixedSize + 2 + spec.directory.size() + 1;
  for (const auto argument : spec.arguments) size += 4 + argument.size() + 1;
  for (const auto variable : spec.variables) size += 4 + variable.size() + 1;
  return size;
}

Status encode_start(const StartSpec& spec, std::span<std::byte> out) {
  if (out.size() > kMaxStartBody || spec.directory.size() > 0xffff) return Status::malformed;
  if (spec.arguments.size() > kMaxStartArguments || spec.variables.size() > kMaxStartVariables) {
    return Status::malformed;
  }
  Writer writer(out);
  writer.integer(spec.uid);
  writer.integer(spec.gid);
  writer.integer(static_cast<std::uint16_t>(spec.arguments.size()));
  writer.integer(static_cast<std::uint16_t>(spec.variables.size()));
  writer.integer(spec.descriptors);
  writer.integer(std::uint16_t{0});
  writer.sized_text<std::uint16_t>(spec.directory);
  writer.integer(std::uint8_t{0});
  for (const auto strings : {spec.arguments, spec.variables}) {
    for (const auto string : strings) {
      writer.sized_text<std::uint32_t>(string);
      writer.integer(std::uint8_t{0});
    }
  }
  StartView check;
  return decode_start(out, check);
}

Status decode_start(std::span<const std::byte> body, StartView& out) {
  if (body.size() > kMaxStartBody) return Status::malformed;
  Reader reader(body);
  out.uid = reader.integer<std::uint32_t>();
  out.gid = reader.integer<std::uint32_t>();
  out.arguments = reader.integer<std::uint16_t>();
  out.variables = reader.integer<std::uint16_t>();
  out.descriptors = reader.integer<std::uint16_t>();
  const auto reserved = reader.integer<std::uint16_t>();
  out.directory = reader.terminated_text(reader.integer<std::uint16_t>());
  out.strings = reader.rest();
  const bool is_valid =
      reader.is_good() && reserved == 0 && is_ordinary_id(out.uid) && is_ordinary_id(out.gid) &&
      out.arguments >= 1 && out.arguments <= kMaxStartArguments &&
      out.variables <= kMaxStartVariables && out.descriptors >= kMinStartDescriptors &&
      out.descriptors <= kMaxStartDescriptors && is_absolute(out.directory) &&
      are_strings_valid(out);
  return is_valid ? Status::ok : Status::malformed;
}

void start_pointers(const StartView& view, std::span<const char*> argv,
                    std::span<const char*> envp) {
  if (argv.size() <= view.arguments || envp.size() <= view.variables) __builtin_trap();
  Reader reader(view.strings);
  for (std::size_t i = 0; i < view.arguments; ++i) {
    argv[i] = reader.terminated_text(reader.integer<std::uint32_t>()).data();
  }
  argv[view.arguments] = nullptr;
  for (std::size_t i = 0; i < view.variables; ++i) {
    envp[i] = reader.terminated_text(reader.integer<std::uint32_t>()).data();
  }
  envp[view.variables] = nullptr;
}

void encode_exited(const ExitedView& view, std::span<std::byte, kExitedSize> out) {
  Writer writer(out);
  writer.integer(view.wait_status);
  writer.integer(view.start_errno);
}

Status decode_exited(std::span<const std::byte> body, ExitedView& out) {
  if (body.size() != kExitedSize) return Status::malformed;
  Reader reader(body);
  out.wait_status = reader.integer<std::uint32_t>();
  out.start_errno = reader.integer<std::uint32_t>();
  return Status::ok;
}

void encode_memory(const MemoryView& view, std::span<std::byte, kMemorySize> out) {
  Writer writer(out);
  writer.integer(view.peak_bytes);
  writer.integer(view.oom_kills);
  writer.integer(std::uint32_t{0});
}

Status decode_memory(std::span<const std::byte> body, MemoryView& out) {
  if (body.size() != kMemorySize) return Status::malformed;
  Reader reader(body);
  out.peak_bytes = reader.integer<std::uint64_t>();
  out.oom_kills = reader.integer<std::uint32_t>();
  return reader.integer<std::uint32_t>() == 0 ? Status::ok : Status::malformed;
}

void encode_set_clock(std::uint64_t time_ns, std::span<std::byte, kSetClockSize> out) {
  Writer(out).integer(time_ns);
}

Status decode_set_clock(std::span<const std::byte> body, std::uint64_t& time_ns) {
  if (body.size() != kSetClockSize) return Status::malformed;
  time_ns = Reader(body).integer<std::uint64_t>();
  return Status::ok;
}

void encode_restore(const RestoreView& view, std::span<std::byte, kRestoreSize> out) {
  Writer writer(out);
  writer.integer(view.time_ns);
  writer.integer(static_cast<std::uint8_t>(view.has_ipv6));
  writer.integer(std::uint8_t{0});
  writer.integer(std::uint16_t{0});
  writer.integer(std::uint32_t{0});
  __builtin_memcpy(out.data() + kRestoreSize - kEntropySize, view.entropy.data(), kEntropySize);
}

Status decode_restore(std::span<const std::byte> body, RestoreView& out) {
  if (body.size() != kRestoreSize) return Status::malformed;
  Reader reader(body);
  out.time_ns = reader.integer<std::uint64_t>();
  const auto has_ipv6 = reader.integer<std::uint8_t>();
  if (has_ipv6 > 1) return Status::malformed;
  out.has_ipv6 = has_ipv6 == 1;
  if (reader.integer<std::uint8_t>() != 0 || reader.integer<std::uint16_t>() != 0 ||
      reader.integer<std::uint32_t>() != 0) {
    return Status::malformed;
  }
  __builtin_memcpy(out.entropy.data(), body.data() + kRestoreSize - kEntropySize, kEntropySize);
  return Status::ok;
}

void encode_mount(const MountView& view, std::span<std::byte, kMountSize> out) {
  Writer writer(out);
  writer.integer(static_cast<std::uint8_t>(view.has_layers));
  writer.integer(std::uint8_t{0});
  writer.integer(std::uint16_t{0});
}

Status decode_mount(std::span<const std::byte> body, MountView& out) {
  if (body.size() != kMountSize) return Status::malformed;
  Reader reader(body);
  const auto has_layers = reader.integer<std::uint8_t>();
  const bool is_plain = has_layers <= 1 && reader.integer<std::uint8_t>() == 0 &&
                        reader.integer<std::uint16_t>() == 0;
  if (!is_plain) return Status::malformed;
  out.has_layers = has_layers == 1;
  return Status::ok;
}

}  // namespace proa::frames
