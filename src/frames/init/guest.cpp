#include "frames/init/guest.h"

#include "frames/guest_devices.h"
#include "frames/init/boot.h"
#include "frames/init/children.h"
#include "frames/init/function_devices.h"
#include "frames/init/guest_limits.h"
#include "frames/init/guest_memory.h"
#include "frames/init/guest_network.h"
#include "frames/init/guest_root.h"
#include "frames/init/port.h"
#include "frames/init/process.h"
#include "frames/init/reseed.h"
#include "frames/init/transient.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

namespace proa::frames::init {
namespace {

// Read or written in one go before others have their turn.
constexpr int kMovesPerTurn = 16;
constexpr std::size_t kServices = 2;
constexpr std::array<Service, kServices> kServiceOf{Service::runtime_api, Service::lambda_api};
constexpr std::array<std::uint16_t, kServices> kPortOf{9001, 9002};

/// The inside's end of one stream: a pipe, or a connection (both descriptors are the same).
struct Ends {
  int from_inside = -1;
  int to_inside = -1;
  /// What waits at from_inside is told behind this many bytes of output; 0: that is not known.
  std::uint64_t output_before = 0;
};

class Guest final : public PortActions {
 public:
  /// `available` bytes of memory are said to the host. `devices` are those of a template, which
  /// outlive it; null: it is none.
  Guest(int link, std::uint64_t available, FunctionDevices* devices)
      : link_(link), devices_(devices), port_(*this, available) {}

  bool prepare(bool has_network) {
    null_device_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    signals_ = quiet_signals() ? open_child_signals() : -1;
    listeners_.fill(-1);
    const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (null_device_ < 0 || signals_ < 0 || proc < 0) return false;
    memory_.read_from(proc);
    for (std::size_t i = 0; i < kServices && has_network; ++i) {
      listeners_[i] = listen_on(kPortOf[i]);
      if (listeners_[i] < 0) return false;
    }
    return true;
  }

  Stop serve();
  void fail(Stop reason) { port_.control().fail(reason); }

  Started start(const StartView& view, std::span<const int> descriptors) override {
    return start_process(view, descriptors, kGuestOomScore);
  }
  // kill(2) reaches the kernel's own threads here and so never finds nobody; but every process that
  // is left is a child of ours, or has a parent that is.
  KillRound kill_everyone() override {
    const KillRound round = init::kill_everyone();
    const bool has_children =
        ::waitid(P_ALL, 0, nullptr, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
    return has_children || round == KillRound::failed ? round : KillRound::nobody_left;
  }
  void close_descriptor(int descriptor) override { ::close(descriptor); }
  bool set_clock(std::uint64_t time_ns) override {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const timespec time{static_cast<time_t>(time_ns / kSecond),
                        static_cast<long>(time_ns % kSecond)};
    return ::clock_settime(CLOCK_REALTIME, &time) == 0;
  }
  bool restore(const RestoreView& view) override;
  bool mount(const MountView& view) override;
  bool memory_news(MemoryView& out) override { return memory_.take_news(out); }
  bool open_ends(std::span<int, kProcessDescriptors> inherited) override;

 private:
  static constexpr std::size_t kFixed = 2 + kServices;  ///< port, signals, listeners; then places
  static constexpr std::size_t kWaits = kFixed + Streams::kPlaces;

  static int listen_on(std::uint16_t port);
  void flush();
  void receive();
  void accept_connection(std::size_t service);
  int interest(std::size_t place);
  void attend(std::size_t place, short events);
  void deliver(Stream& stream, Ends& ends);
  bool is_output_told(Ends& ends);
  void collect(Stream& stream, Ends& ends);
  void settle(std::size_t place);
  static void close_to_inside(Stream& stream, Ends& ends);
  void close_from_inside(Stream& stream, Ends& ends);
  Ends* ends_of(std::uint32_t id);
  void set_waits(std::span<pollfd, kWaits> waits);
  void handle(std::span<const pollfd, kWaits> waits);

  int link_;
  FunctionDevices* devices_;
  bool is_copy_ = false;   ///< of a template: restore() is done
  bool has_code_ = false;  ///< of a copy: mount() is done
  int null_device_ = -1;
  int signals_ = -1;
  std::array<int, kServices> listeners_{};
  std::array<Ends, Streams::kPlaces> ends_{};
  std::uint64_t output_told_ = 0;  ///< bytes, of all processes
  bool has_more_to_reap_ = false;
  MemoryWatch memory_;
  Port port_;
};

int Guest::listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(listener, static_cast<int>(kConnectionsMax)) == 0) {
    return listener;
  }
  ::close(listener);
  return -1;
}

Ends* Guest::ends_of(std::uint32_t id) {
  const Stream* stream = port_.streams().find(id);
  return stream == nullptr
             ? nullptr
             : &ends_[static_cast<std::size_t>(stream - port_.streams().places().data())];
}

// Pipes and not sockets: a kernel without a network has those, and Node reads no character device.
bool Guest::open_ends(std::span<int, kProcessDescriptors> inherited) {
  std::array<int, 2> calls{-1, -1};
  std::array<int, 2> answers{-1, -1};
  std::array<int, 2> output{-1, -1};
  const bool is_made = ::pipe2(calls.data(), O_CLOEXEC) == 0 &&
                       ::pipe2(answers.data(), O_CLOEXEC) == 0 &&
                       ::pipe2(output.data(), O_CLOEXEC) == 0;
  const int second_output = is_made ? ::fcntl(output[1], F_DUPFD_CLOEXEC, 3) : -1;
  const int no_input = ::fcntl(null_device_, F_DUPFD_CLOEXEC, 3);
  if (second_output < 0 || no_input < 0) {
    for (const int each : {calls[0], calls[1], answers[0], answers[1], output[0], output[1],
                           second_output, no_input}) {
      if (each >= 0) ::close(each);
    }
    return false;
  }
  // Ours never block; those of the process do, as it expects.
  for (const int ours : {calls[1], answers[0], output[0]}) ::fcntl(ours, F_SETFL, O_NONBLOCK);
  ends_of(kCallsStream)->to_inside = calls[1];
  ends_of(kAnswersStream)->from_inside = answers[0];
  ends_of(kOutputStream)->from_inside = output[0];
  const std::array<int, kProcessDescriptors> all{no_input, output[1], second_output, calls[0],
                                                 answers[1]};
  for (std::size_t i = 0; i < all.size(); ++i) inherited[i] = all[i];
  return true;
}

void Guest::flush() {
  for (int i = 0; i < kMovesPerTurn; ++i) {
    const auto bytes = port_.outgoing();
    if (bytes.empty() || port_.control().state() == Control::State::stopped) return;
    const ssize_t count = ::write(link_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EPIPE || errno == ENODEV) return port_.link_ended();
      if (!is_transient(errno)) fail(Stop::failed);
      return;
    }
    port_.sent(static_cast<std::size_t>(count));
  }
}

void Guest::receive() {
  for (int i = 0; i < kMovesPerTurn; ++i) {
    const auto wanted = port_.wanted();
    if (wanted.empty()) return;
    const ssize_t count = ::read(link_, wanted.data(), wanted.size());
    if (count == 0) return port_.link_ended();  // nobody is connected on the host
    if (count < 0) {
      if (!is_transient(errno)) fail(Stop::failed);
      return;
    }
    port_.received(static_cast<std::size_t>(count));
  }
}

void Guest::accept_connection(std::size_t service) {
  const int connection =
      ::accept4(listeners_[service], nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection < 0) return;
  Stream* stream = port_.streams().open_connection(kServiceOf[service]);
  if (stream == nullptr) {
    ::close(connection);
    return;
  }
  *ends_of(stream->id) = {connection, connection, 0};
}

void Guest::close_to_inside(Stream& stream, Ends& ends) {
  if (ends.to_inside < 0) return;
  if (ends.to_inside == ends.from_inside) {
    ::shutdown(ends.to_inside, SHUT_WR);
  } else {
    ::close(ends.to_inside);
  }
  ends.to_inside = -1;
  // Of the calls nothing comes back: with its reader the stream ends both ways.
  if (stream.id == kCallsStream) Streams::finish(stream);
}

void Guest::close_from_inside(Stream& stream, Ends& ends) {
  if (ends.from_inside < 0) return;
  if (ends.to_inside != ends.from_inside) ::close(ends.from_inside);
  ends.from_inside = -1;
  ends.output_before = 0;
  Streams::finish(stream);
  if (stream.id != kOutputStream) return;
  for (Ends& each : ends_) each.output_before = 0;  // nothing of it comes any more
}

/// What a place waits for; -1: nothing, and its descriptors are not to be looked at.
int Guest::interest(std::size_t place) {
  const Stream& stream = port_.streams().places()[place];
  if (stream.id == 0) return -1;
  const Ends& ends = ends_[place];
  int events = 0;
  const bool is_behind = ends.output_before > output_told_;
  if (ends.from_inside >= 0 && !is_behind && !port_.room(stream).empty()) events |= POLLIN;
  if (ends.to_inside >= 0 && !Streams::unread(stream).empty()) events |= POLLOUT;
  // A pipe whose reader has gone tells it unasked; an idle connection is not asked.
  const bool is_pipe_to_inside = ends.to_inside >= 0 && ends.from_inside < 0;
  return events != 0 || is_pipe_to_inside ? events : -1;
}

void Guest::deliver(Stream& stream, Ends& ends) {
  const auto bytes = Streams::unread(stream);
  const ssize_t count = bytes.empty() ? 0 : ::write(ends.to_inside, bytes.data(), bytes.size());
  if (count >= 0) return Streams::consume(stream, static_cast<std::size_t>(count));
  if (is_transient(errno)) return;
  Streams::stop(stream);
  close_to_inside(stream, ends);
}

// What was printed before an answer is in its pipe when the answer comes: the host hears of it
// first, however long it takes. What is printed meanwhile holds up nothing.
bool Guest::is_output_told(Ends& ends) {
  Stream* output = port_.streams().find(kOutputStream);
  Ends* printed = ends_of(kOutputStream);
  if (output == nullptr || printed->from_inside < 0) return true;
  if (ends.output_before == 0) {
    int waiting = 0;
    if (::ioctl(printed->from_inside, FIONREAD, &waiting) != 0 || waiting <= 0) return true;
    ends.output_before = output_told_ + static_cast<std::uint64_t>(waiting);
  }
  while (output_told_ < ends.output_before && !port_.room(*output).empty()) {
    const std::uint64_t before = output_told_;
    collect(*output, *printed);
    if (output_told_ == before) break;
  }
  return output_told_ >= ends.output_before;
}

void Guest::collect(Stream& stream, Ends& ends) {
  if (port_.room(stream).empty()) return;
  const bool is_output = stream.id == kOutputStream;
  if (!is_output) {
    if (!is_output_told(ends)) return;
    // The host hears of it before what the memory was used for.
    if (memory_.is_due()) port_.report_memory();
  }
  const auto room = port_.room(stream);
  if (room.empty()) return;
  const ssize_t count = ::read(ends.from_inside, room.data(), room.size());
  if (count > 0) {
    ends.output_before = 0;
    if (is_output) output_told_ += static_cast<std::uint64_t>(count);
    return port_.put(stream, static_cast<std::size_t>(count));
  }
  if (count == 0 || !is_transient(errno)) close_from_inside(stream, ends);
}

void Guest::attend(std::size_t place, short events) {
  Stream& stream = port_.streams().places()[place];
  Ends& ends = ends_[place];
  if (stream.id == 0 || events == 0) return;
  if (ends.to_inside >= 0 && (events & (POLLOUT | POLLERR)) != 0) {
    deliver(stream, ends);
    if ((events & POLLERR) != 0 && ends.to_inside >= 0 && ends.from_inside < 0) {
      Streams::stop(stream);  // a pipe without a reader, and nothing to write that would say so
      close_to_inside(stream, ends);
    }
  }
  if (ends.from_inside >= 0 && (events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    collect(stream, ends);
  }
}

/// What follows from the ends that were told, ours and the host's.
void Guest::settle(std::size_t place) {
  Stream& stream = port_.streams().places()[place];
  if (stream.id == 0) return;
  Ends& ends = ends_[place];
  if (stream.peer_stopped) close_from_inside(stream, ends);
  if (Streams::is_at_end(stream)) close_to_inside(stream, ends);
  if (Streams::is_over(stream)) Streams::release(stream);
}

void Guest::set_waits(std::span<pollfd, kWaits> waits) {
  const bool has_more_to_say = !port_.outgoing().empty();
  waits[0] = {link_, static_cast<short>(has_more_to_say ? POLLIN | POLLOUT : POLLIN), 0};
  if (port_.control().is_held()) {
    for (pollfd& each : waits.subspan<1>()) each = {-1, 0, 0};
    return;
  }
  waits[1] = {signals_, POLLIN, 0};
  for (std::size_t i = 0; i < kServices; ++i) waits[2 + i] = {listeners_[i], POLLIN, 0};
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    const int events = interest(i);
    const int descriptor = ends_[i].to_inside >= 0 ? ends_[i].to_inside : ends_[i].from_inside;
    waits[kFixed + i] = {events < 0 ? -1 : descriptor, static_cast<short>(events), 0};
  }
}

void Guest::handle(std::span<const pollfd, kWaits> waits) {
  if (port_.control().is_held()) {
    if (waits[0].revents != 0) receive();
    return;
  }
  if (waits[1].revents != 0 || has_more_to_reap_) {
    has_more_to_reap_ = reap(port_.control(), signals_, &memory_);
  }
  if ((waits[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) receive();
  for (std::size_t i = 0; i < ends_.size(); ++i) attend(i, waits[kFixed + i].revents);
  for (std::size_t i = 0; i < kServices; ++i) {
    if (waits[2 + i].revents != 0) accept_connection(i);
  }
}

Stop Guest::serve() {
  std::array<pollfd, kWaits> waits{};
  while (port_.control().state() != Control::State::stopped) {
    for (std::size_t i = 0; i < ends_.size(); ++i) settle(i);
    flush();
    set_waits(waits);
    const bool reaps_on = has_more_to_reap_ && !port_.control().is_held();
    const int ready = ::poll(waits.data(), waits.size(), patience_ms(port_.control(), reaps_on));
    if (ready < 0 && errno != EINTR) fail(Stop::failed);
    if (ready == 0 && !has_more_to_reap_) port_.control().kill_round_over();
    handle(waits);
  }
  static_cast<void>(init::kill_everyone());
  return port_.control().stop_reason();
}

void say(std::string_view what, const char* which) {
  const std::array<std::string_view, 6> parts{
      "proa-init: ",
      what,
      which == nullptr ? "" : which,
      ": ",
      errno == 0 ? "" : static_cast<const char*>(::strerror(errno)),
      "\n"};
  for (const std::string_view part : parts) {
    const ssize_t written = ::write(STDERR_FILENO, part.data(), part.size());
    static_cast<void>(written);
  }
}

/// True when a step of the boot came to its end; else the console is told.
bool is_done(const char* failed, std::string_view what) {
  if (failed != nullptr) say(what, failed);
  return failed == nullptr;
}

/// The host's disks in place of the initramfs. A template keeps those of functions for later.
bool move_to_disks(const Disks& disks, FunctionDevices* devices) {
  constexpr const char* kNewRoot = "/newroot";
  ::mkdir(kNewRoot, 0755);
  if (!is_done(mount_root(disks, kNewRoot), "cannot mount ")) return false;
  if (devices != nullptr) {
    const int system = ::open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const char* failed = devices->put_down(disks, system, open_device_nodes());
    if (!is_done(failed, "cannot put down ")) return false;
  } else if (!is_done(mount_tmp(disks, kNewRoot), "cannot mount ") ||
             !is_done(mount_code(disks, kNewRoot), "cannot mount ")) {
    return false;
  }
  return is_done(prepare_devices("/dev"), "cannot set up ") &&
         is_done(enter_root(kNewRoot), "cannot set up ");
}

Stop boot_and_serve(bool has_ipv6, FunctionDevices* devices) {
  errno = 0;
  if (!is_done(mount_system(), "cannot mount ")) return Stop::failed;
  if (!is_done(load_modules(), "cannot load the module ")) return Stop::failed;
  const Disks disks = find_disks({});
  const int port = open_port(kPortName);
  if (port < 0) {
    say("no host at the port ", kPortName);
    return Stop::failed;
  }
  const bool has_network = raise_loopback();
  if (devices == nullptr && !is_done(configure_network(has_ipv6), "cannot set up ")) {
    return Stop::failed;
  }
  if (!is_done(set_guest_limits(), "cannot set the ")) return Stop::failed;
  if (!disks.root.is_empty() && !move_to_disks(disks, devices)) return Stop::failed;
  return serve_port(port, has_network, devices);
}

// The clock first, since a generator that reseeds by time looks at it.
bool Guest::restore(const RestoreView& view) {
  if (devices_ == nullptr || is_copy_) return false;
  Disks disks;
  if (!set_clock(view.time_ns) || !is_done(reseed(view.entropy), "cannot reseed ") ||
      !is_done(devices_->take_up_own(disks), "cannot take up ") ||
      !is_done(configure_network(view.has_ipv6), "cannot set up ")) {
    return false;
  }
  is_copy_ = is_done(mount_tmp(disks, ""), "cannot mount ") &&
             is_done(devices_->hide_nodes(), "cannot hide ");
  return is_copy_;
}

bool Guest::mount(const MountView& view) {
  if (!is_copy_ || has_code_) return false;
  Disks disks;
  has_code_ = is_done(devices_->take_up_code(view.has_layers, disks), "cannot take up ") &&
              is_done(mount_code(disks, ""), "cannot mount ") &&
              is_done(devices_->hide_nodes(), "cannot hide ");
  return has_code_;
}

}  // namespace

Stop serve_port(int port, bool has_network, FunctionDevices* devices) {
  // Two megabytes of buffers, of which only those in use are ever touched.
  static Guest guest(port, available_bytes(), devices);
  ::umask(022);
  if (!guest.prepare(has_network)) guest.fail(Stop::failed);
  return guest.serve();
}

Stop run_guest(std::span<const char* const> words) {
  if (::getpid() != 1) return Stop::not_first;
  bool has_ipv6 = false;
  bool is_template = false;
  for (const std::string_view word : words) {
    has_ipv6 |= word == kGuestIpv6Word;
    is_template |= word == kGuestTemplateWord;
  }
  static FunctionDevices devices;
  const Stop reason = boot_and_serve(has_ipv6, is_template ? &devices : nullptr);
  if (reason != Stop::link_closed) say("ends", nullptr);
  // reboot=t on the command line makes this a triple fault, and -no-reboot that the machine's end:
  // it works without ACPI.
  ::reboot(RB_AUTOBOOT);
  for (;;) ::pause();
}

}  // namespace proa::frames::init
