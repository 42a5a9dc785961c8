// A hostile guest at the other end of the daemon's GuestPort: any bytes, before, during and after
// what the daemon does. Whatever it sends, what goes out are whole frames, no more is recorded than
// was asked for, and the port ends once and can be joined at once.
//
// An input is a list of steps: one byte says what the daemon does, two how many bytes the guest
// then sends (or has said to the template that the port is a copy's).
#include "sandbox/microvm/guest_port.h"

#include "base/check.h"
#include "os/seqpacket.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;
using namespace proa;

/// Longer ones find nothing that these do not.
constexpr std::size_t kInputMax = 64UL * 1024;
constexpr std::size_t kRecordMax = 100;
constexpr std::size_t kStepHead = 3;

struct World {
  asio::io_context io{1};
  os::UniqueFd guest;
  std::unique_ptr<sandbox::GuestPort> port;
  std::optional<sandbox::RuntimeProcess> process;
  std::vector<os::UniqueFd> connections;
  std::string heard;  ///< by the guest, less than a frame
  int ends = 0;
  bool is_joined = false;
};

void run(World& world) {
  world.io.restart();
  world.io.poll();
}

sandbox::GuestPort::Events events_of(World& world) {
  sandbox::GuestPort::Events events;
  events.frame = [](frames::Type type, std::string_view body) {
    check(body.size() <= 64, "a long frame of the control link");
    return type != frames::Type::parked;
  };
  events.connection = [&world](frames::Service service, os::UniqueFd connection) {
    check(service != frames::Service::none, "a connection to no service");
    world.connections.push_back(std::move(connection));
  };
  events.ended = [&world] { check(++world.ends == 1, "a port ends twice"); };
  return events;
}

void drain(const os::UniqueFd& socket) {
  std::array<std::byte, 4096> sink{};
  while (::recv(socket.get(), sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
  }
}

void hear(World& world) {
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t count = ::recv(world.guest.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count <= 0) break;
    world.heard.append(piece.data(), static_cast<std::size_t>(count));
  }
  frames::Header header;
  for (;;) {
    const auto status = frames::decode_header(std::as_bytes(std::span(world.heard)), header);
    if (status == frames::Status::need_more) return;
    check(status == frames::Status::ok, "no frame goes out");
    if (world.heard.size() < frames::kHeaderSize + header.body_size) return;
    world.heard.erase(0, frames::kHeaderSize + header.body_size);
  }
}

void say(World& world, std::span<const std::uint8_t> bytes) {
  // A full buffer only shortens the input.
  (void)::send(world.guest.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void read_all(World& world) {
  if (world.process) {
    drain(world.process->link.in);
    drain(world.process->output);
  }
  for (const os::UniqueFd& each : world.connections) drain(each);
}

void write_all(World& world) {
  const std::string piece(1000, 'x');
  const auto write = [&](const os::UniqueFd& socket) {
    (void)::send(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  };
  if (world.process) write(world.process->link.out);
  for (const os::UniqueFd& each : world.connections) write(each);
}

void keep(World& world, Result<sandbox::RuntimeProcess> process) {
  if (process) world.process = std::move(process.value());
}

/// What the daemon does; true: the bytes of the step are no longer to be sent.
bool act(World& world, unsigned which, std::span<const std::uint8_t> bytes) {
  switch (which) {
    case 0:
      return false;
    case 1:
      keep(world, world.port->start_process("body"));
      return false;
    case 2:
      world.port->record(kRecordMax);
      return false;
    case 3:
      read_all(world);
      return false;
    case 4:
      write_all(world);
      return false;
    case 5:
      world.process.reset();
      return false;
    case 6:
      world.connections.clear();
      return false;
    default:
      keep(world, world.port->take_over_process(
                      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
      return true;
  }
}

asio::awaitable<void> join(World& world) {
  co_await world.port->join();
  world.is_joined = true;
}

void finish(World& world) {
  world.guest.reset();
  run(world);
  check(world.port->recorded().size() <= kRecordMax, "more is recorded than was asked for");
  world.port->close();
  check(world.ends == 1, "the end of a port is not told");
  asio::co_spawn(world.io, join(world), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  run(world);
  check(world.is_joined, "something outlives its port");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kInputMax) return -1;
  World world;
  auto pair = os::stream_pair();
  check(pair.has_value(), "no socket pair");
  world.guest = std::move(pair.value().first);
  auto port = sandbox::GuestPort::adopt(world.io.get_executor(), std::move(pair.value().second),
                                        events_of(world));
  check(port.has_value(), "no port");
  world.port = std::move(port.value());
  std::span<const std::uint8_t> input(data, size);
  while (input.size() >= kStepHead) {
    const std::size_t wanted = input[1] + input[2] * std::size_t{256};
    const auto bytes = input.subspan(kStepHead).first(std::min(wanted, input.size() - kStepHead));
    if (!act(world, input[0] % 8U, bytes)) say(world, bytes);
    input = input.subspan(kStepHead + bytes.size());
    run(world);
    hear(world);
  }
  finish(world);
  return 0;
}
