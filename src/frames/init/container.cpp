#include "frames/init/container.h"

#include "frames/init/children.h"
#include "frames/init/process.h"
#include "frames/init/transient.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace proa::frames::init {
namespace {

class ContainerActions final : public Actions {
 public:
  Started start(const StartView& view, std::span<const int> descriptors) override {
    return start_process(view, descriptors, kContainerOomScore);
  }
  KillRound kill_everyone() override { return init::kill_everyone(); }
  void close_descriptor(int descriptor) override { ::close(descriptor); }
};

bool is_socket(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

void send_outgoing(Control& control, int link) {
  const auto bytes = control.outgoing();
  if (bytes.empty() || control.state() == Control::State::stopped) return;
  const ssize_t count = ::send(link, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) return control.sent(static_cast<std::size_t>(count));
  if (errno == EPIPE || errno == ECONNRESET) return control.link_ended();
  if (!is_transient(errno)) control.fail(Stop::failed);
}

// One read of at most what Control wants, with the descriptors that came along.
void receive(Control& control, int link) {
  const auto wanted = control.wanted();
  iovec part{wanted.data(), wanted.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * kMaxStartDescriptors)> extra{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = extra.data();
  message.msg_controllen = extra.size();
  const ssize_t count = ::recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) {
    if (errno == ECONNRESET) return control.link_ended();
    if (!is_transient(errno)) control.fail(Stop::failed);
    return;
  }
  if (count == 0) return control.link_ended();
  if ((message.msg_flags & MSG_CTRUNC) != 0) return control.fail(Stop::protocol_error);
  std::array<int, kMaxStartDescriptors> descriptors{};
  std::size_t descriptor_count = 0;
  if (const cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) {
      return control.fail(Stop::protocol_error);
    }
    descriptor_count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (descriptor_count > descriptors.size()) return control.fail(Stop::protocol_error);
    __builtin_memcpy(descriptors.data(), CMSG_DATA(head), descriptor_count * sizeof(int));
  }
  control.received(static_cast<std::size_t>(count), std::span(descriptors).first(descriptor_count));
}

void serve(Control& control, int link, int signals) {
  bool has_more_to_reap = false;
  for (;;) {
    send_outgoing(control, link);
    if (control.state() == Control::State::stopped) return;
    std::array<pollfd, 2> waits{pollfd{link, POLLIN, 0}, pollfd{signals, POLLIN, 0}};
    if (!control.outgoing().empty()) waits[0].events |= POLLOUT;
    const int ready = ::poll(waits.data(), waits.size(), patience_ms(control, has_more_to_reap));
    if (ready < 0 && errno != EINTR) return control.fail(Stop::failed);
    if (ready == 0 && !has_more_to_reap) control.kill_round_over();
    if (waits[1].revents != 0 || has_more_to_reap) {
      has_more_to_reap = reap(control, signals, nullptr);
    }
    // Any event but "writable": data, end of file, or an error, which the read then names.
    if ((waits[0].revents & ~POLLOUT) != 0 && control.state() != Control::State::stopped) {
      receive(control, link);
    }
  }
}

}  // namespace

Stop run_container() {
  constexpr int kLink = kControlDescriptor;
  if (::getpid() != 1 || !is_socket(kLink)) return Stop::not_first;
  // The body buffer is large for a stack whose limit the launcher chose.
  static ContainerActions actions;
  static Control control(actions);
  send_outgoing(control, kLink);
  // Nobody with init's uid, should there be one, may trace init or read its memory.
  const bool is_ready = ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                        ::fcntl(kLink, F_SETFD, FD_CLOEXEC) == 0 && quiet_signals();
  ::umask(022);
  const int signals = is_ready ? open_child_signals() : -1;
  if (signals < 0) {
    control.fail(Stop::failed);
  } else {
    serve(control, kLink, signals);
  }
  static_cast<void>(
      kill_everyone());  // the kernel would do it when process 1 ends; a guest's init does not end
  return control.stop_reason();
}

}  // namespace proa::frames::init
