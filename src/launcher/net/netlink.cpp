#include "launcher/net/netlink.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>

namespace proa::launcher::net {
namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;
constexpr int kSocketBufferBytes = 4 * 1024 * 1024;

std::size_t padded(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

// The kernel's explanation in an error message, if it sent one (NETLINK_EXT_ACK).
std::string kernel_words(const nlmsghdr& header, std::span<const std::byte> payload) {
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  // The failed request follows the error number: whole, or only its header when capped.
  std::size_t skip = sizeof(nlmsgerr);
  if ((header.nlmsg_flags & NLM_F_CAPPED) == 0 && payload.size() >= sizeof(nlmsgerr)) {
    nlmsgerr error{};
    std::memcpy(&error, payload.data(), sizeof error);
    if (error.msg.nlmsg_len >= sizeof(nlmsghdr)) skip += error.msg.nlmsg_len - sizeof(nlmsghdr);
  }
  if (padded(skip) > payload.size()) return {};
  std::string words;
  for_each_attribute(payload.subspan(padded(skip)),
                     [&](int type, std::span<const std::byte> value) {
                       if (type != NLMSGERR_ATTR_MSG || value.empty()) return;
                       words.assign(reinterpret_cast<const char*>(value.data()), value.size() - 1);
                     });
  return words;
}

Result<void> error_of(const nlmsghdr& header, std::span<const std::byte> payload,
                      std::string_view what) {
  int code = 0;
  if (payload.size() < sizeof code)
    return Error(Errc::corrupt, std::string(what) + ": short error");
  std::memcpy(&code, payload.data(), sizeof code);
  if (code == 0) return ok();
  const std::string words = kernel_words(header, payload);
  std::string text(what);
  if (!words.empty()) text += " (" + words + ")";
  return os_error(text, -code);
}

// What one received message means for the answer as a whole.
struct Verdict {
  bool is_last = false;
  Result<void> result = ok();
};

Verdict judge(const nlmsghdr& header, std::span<const std::byte> payload, std::string_view what,
              const DumpVisitor& visit) {
  if (header.nlmsg_type == NLMSG_ERROR) return {true, error_of(header, payload, what)};
  if (header.nlmsg_type == NLMSG_DONE) {
    // The end of a dump carries the dump's own status where there is one.
    if (payload.size() < sizeof(int)) return {true, ok()};
    return {true, error_of(header, payload, what)};
  }
  if (header.nlmsg_type >= NLMSG_MIN_TYPE && visit) visit(header.nlmsg_type, payload);
  return {};
}

}  // namespace

Message::Message(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  buffer_.reserve(512);
  append(bytes_of(header));
}

void Message::append(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.resize(padded(buffer_.size()));
}

Message& Message::attribute(int type, std::span<const std::byte> value) {
  nlattr header{};
  header.nla_type = static_cast<std::uint16_t>(type);
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  append(bytes_of(header));
  append(value);
  return *this;
}

Message& Message::attribute_u16(int type, std::uint16_t value) {
  return attribute(type, bytes_of(value));
}

Message& Message::attribute_u32(int type, std::uint32_t value) {
  return attribute(type, bytes_of(value));
}

Message& Message::attribute_text(int type, std::string_view text) {
  const std::string ended(text);
  return attribute(type, std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
}

Message& Message::raw(std::span<const std::byte> bytes) {
  append(bytes);
  return *this;
}

std::size_t Message::begin_nest(int type) {
  const std::size_t position = buffer_.size();
  attribute(type | NLA_F_NESTED, {});
  return position;
}

Message& Message::end_nest(std::size_t position) {
  const auto length = static_cast<std::uint16_t>(buffer_.size() - position);
  std::memcpy(buffer_.data() + position + offsetof(nlattr, nla_len), &length, sizeof length);
  return *this;
}

std::span<const std::byte> Message::finish(std::uint32_t sequence, std::uint16_t more_flags) {
  nlmsghdr header{};
  std::memcpy(&header, buffer_.data(), sizeof header);
  header.nlmsg_len = static_cast<std::uint32_t>(buffer_.size());
  header.nlmsg_seq = sequence;
  header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | more_flags);
  std::memcpy(buffer_.data(), &header, sizeof header);
  return buffer_;
}

void for_each_attribute(std::span<const std::byte> bytes,
                        const std::function<void(int, std::span<const std::byte>)>& visit) {
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return;
    visit(header.nla_type & NLA_TYPE_MASK,
          bytes.subspan(sizeof header, header.nla_len - sizeof header));
    const std::size_t step = padded(header.nla_len);
    if (step >= bytes.size()) return;
    bytes = bytes.subspan(step);
  }
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  NetlinkSocket opened;
  opened.fd_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!opened.fd_) return os_error("open a netlink socket");
  const int on = 1;
  // Both are comforts of newer kernels: explanations, and errors that do not repeat the request.
  ::setsockopt(opened.fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(opened.fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(opened.fd_.get(), SOL_SOCKET, SO_RCVBUF, &kSocketBufferBytes,
               sizeof kSocketBufferBytes);
  return opened;
}

Result<void> NetlinkSocket::request(Message message, std::string_view what) {
  return ask(std::move(message), what, nullptr);
}

Result<void> NetlinkSocket::ask(Message message, std::string_view what, const DumpVisitor& visit) {
  TRY(send(message, NLM_F_ACK, what));
  return receive(what, visit);
}

Result<void> NetlinkSocket::dump(Message message, std::string_view what, const DumpVisitor& visit) {
  TRY(send(message, NLM_F_DUMP, what));
  return receive(what, visit);
}

Result<void> NetlinkSocket::send(Message& message, std::uint16_t flags, std::string_view what) {
  const auto bytes = message.finish(++sequence_, flags);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = ::sendto(fd_.get(), bytes.data(), bytes.size(), 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return os_error(what);
  return ok();
}

Result<void> NetlinkSocket::receive(std::string_view what, const DumpVisitor& visit) {
  buffer_.resize(kReceiveBytes);
  for (;;) {
    const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return os_error(std::string(what) + ": receive", count < 0 ? errno : EPIPE);
    std::span<const std::byte> rest(buffer_.data(), static_cast<std::size_t>(count));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
        return Error(Errc::corrupt, std::string(what) + ": the kernel's answer is cut off");
      }
      const auto payload = rest.subspan(sizeof header, header.nlmsg_len - sizeof header);
      rest = rest.subspan(std::min(padded(header.nlmsg_len), rest.size()));
      if (header.nlmsg_seq != sequence_) continue;  // of an earlier request that failed half-way
      Verdict verdict = judge(header, payload, what, visit);
      if (verdict.is_last) return std::move(verdict.result);
    }
  }
}

}  // namespace proa::launcher::net
