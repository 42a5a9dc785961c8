// A hostile runtime process at the other end of a FrameSession: any bytes, before, during and after
// what it is asked. Whatever it sends, every conversation ends once the link is closed, and an
// answer is never larger than Lambda's limit.
//
// An input is a list of steps: one byte says what the daemon begins next, one how many bytes the
// runtime then sends.
#include "base/check.h"
#include "os/seqpacket.h"
#include "runtime_api/runtime_api.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

namespace asio = boost::asio;
using namespace proa;

struct World {
  asio::io_context io{1};
  std::unique_ptr<runtime_api::RuntimeSession> session;
  frames::LinkFds runtime;
  model::Invocation invocation;
  bool is_busy = false;
};

SteadyTime never() { return std::chrono::steady_clock::now() + std::chrono::hours(1); }

asio::awaitable<void> park(World& world) {
  const auto identity = co_await world.session->parked(never());
  check(identity || identity.error().code() != Errc::deadline, "a deadline that has not come");
  world.is_busy = false;
}

asio::awaitable<void> init(World& world) {
  runtime_api::Configuration configuration;
  configuration.handler = "app.handler";
  (void)co_await world.session->init(std::move(configuration), never());
  world.is_busy = false;
}

asio::awaitable<void> call(World& world) {
  const auto outcome = co_await world.session->call(world.invocation, WallTime(), never());
  const auto* answered = std::get_if<runtime_api::Answered>(&outcome);
  check(answered == nullptr || answered->payload.size() <= runtime_api::kMaxAnswer,
        "an answer beyond the limit");
  world.is_busy = false;
}

void begin(World& world, unsigned which) {
  world.is_busy = true;
  auto work = which == 0 ? park(world) : which == 1 ? init(world) : call(world);
  asio::co_spawn(world.io, std::move(work), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

void run(World& world) {
  world.io.restart();
  world.io.poll();
}

void send(World& world, std::span<const std::uint8_t> bytes) {
  // A full buffer only shortens the input; what the daemon sent is thrown away.
  (void)::send(world.runtime.out.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  std::array<std::byte, 4096> sink{};
  while (::recv(world.runtime.in.get(), sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  auto pair = frames::make_link();
  check(pair.has_value(), "no link");
  auto session =
      runtime_api::FrameSession::create(world.io.get_executor(), std::move(pair.value().first));
  check(session.has_value(), "no session");
  world.session = std::move(session.value());
  world.runtime = std::move(pair.value().second);
  world.invocation.request_id = "11111111-2222-4333-8444-555555555555";
  world.invocation.payload = "{}";
  std::span<const std::uint8_t> input(data, size);
  while (input.size() >= 2) {
    const unsigned which = input[0] % 4U;
    const std::size_t count = std::min<std::size_t>(input[1], input.size() - 2);
    if (which == 3) {
      world.session->process_ended();
    } else if (!world.is_busy) {
      begin(world, which);
    }
    run(world);
    send(world, input.subspan(2, count));
    input = input.subspan(2 + count);
    run(world);
  }
  world.runtime = frames::LinkFds();
  for (int turn = 0; turn < 3 && world.is_busy; ++turn) run(world);
  check(!world.is_busy, "a conversation outlives its link");
  return 0;
}
