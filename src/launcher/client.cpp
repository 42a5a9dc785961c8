#include "base/units.h"
#include "launcher/launcher.h"
#include "launcher/sandbox_child.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <sys/wait.h>

namespace proa::launcher {
namespace asio = boost::asio;

namespace {

Result<std::uint32_t> name_image(TreeId& id, const std::string& text, const char* which) {
  if (text.empty()) return 0U;
  auto named = parse_tree_id(text);
  if (!named) return named.error().with_context(std::string(which) + " image of a guest");
  id = named.value();
  return 1U;
}

Result<void> name_images(StartGuest& message, const GuestPlan& plan) {
  TRY(message.has_root, name_image(message.root, plan.root_image, "root"));
  TRY(message.has_code, name_image(message.code, plan.code_image, "code"));
  TRY(message.has_layers, name_image(message.layers, plan.layers_image, "layers"));
  if (message.has_root != 0 || message.has_code + message.has_layers == 0) return ok();
  return Error(Errc::invalid, "images of code and layers need a root image of a guest");
}

}  // namespace

/// A coroutine that waits for one answer; the timer never fires, its cancellation wakes.
struct Client::Waiter {
  explicit Waiter(const asio::any_io_executor& executor) : wake(executor, SteadyTime::max()) {}
  asio::steady_timer wake;
  Answer answer = Error(Errc::cancelled, "gave up waiting for the launcher");
};

/// Whether and how a sandbox ended; filled before or after somebody waits.
struct Client::ExitState {
  explicit ExitState(const asio::any_io_executor& executor) : wake(executor, SteadyTime::max()) {}
  asio::steady_timer wake;
  std::optional<SandboxExit> exit;
};

Client::Client(asio::any_io_executor executor, os::UniqueFd spawn, os::UniqueFd pool,
               NetworkChange on_network)
    : executor_(std::move(executor)), on_network_(std::move(on_network)) {
  connect(std::move(spawn), std::move(pool));
}

Client::~Client() { lose(); }

void Client::connect(os::UniqueFd spawn, os::UniqueFd pool) {
  for (const int fd : {spawn.get(), pool.get()}) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }
  spawn_ = std::make_shared<asio::posix::stream_descriptor>(executor_, spawn.release());
  pool_ = std::make_shared<asio::posix::stream_descriptor>(executor_, pool.release());
  is_connected_ = true;
  listen(spawn_);
  listen(pool_);
}

void Client::reconnect(os::UniqueFd spawn, os::UniqueFd pool) {
  lose();
  connect(std::move(spawn), std::move(pool));
}

void Client::listen(std::shared_ptr<asio::posix::stream_descriptor> connection) {
  auto& waiting = *connection;
  waiting.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, connection = std::move(connection)](boost::system::error_code failed) {
                       // Closed by lose(): this Client may be gone already.
                       if (failed || !connection->is_open()) return;
                       drain(*connection);
                       if (connection->is_open()) listen(connection);
                     });
}

void Client::drain(asio::posix::stream_descriptor& connection) {
  while (connection.is_open()) {
    auto message = os::receive_message(connection.native_handle());
    if (!message) {
      if (message.error().code() != Errc::throttled) lose();
      return;
    }
    auto reply = decode_reply(message.value().bytes);
    if (!reply) {
      lose();
      return;
    }
    take(reply.value(), std::move(message.value().fds));
  }
}

void Client::take(const Reply& reply, std::vector<os::UniqueFd> fds) {
  if (const auto* exited = std::get_if<Exited>(&reply)) return take_exit(*exited);
  std::uint64_t number = 0;
  if (const auto* done = std::get_if<Done>(&reply)) number = done->request;
  if (const auto* failed = std::get_if<Failed>(&reply)) number = failed->request;
  if (const auto* text = std::get_if<Text>(&reply)) number = text->request;
  if (const auto* dns = std::get_if<GatewayDns>(&reply)) number = dns->request;
  const auto waiter = waiting_.find(number);
  if (waiter == waiting_.end()) return;
  if (const auto* failed = std::get_if<Failed>(&reply)) {
    waiter->second->answer = to_error(*failed);
  } else {
    waiter->second->answer = std::pair(reply, std::move(fds));
  }
  waiter->second->wake.cancel();
}

void Client::take_exit(const Exited& exited) {
  SandboxExit exit;
  exit.wait_status = exited.wait_status;
  if (exited.start_step != 0) {
    exit.start_failure =
        os_error(to_string(static_cast<StartStep>(exited.start_step)), exited.start_errno)
            .message();
  }
  const auto state = exit_state(exited.slot);
  state->exit = std::move(exit);
  state->wake.cancel();
}

// Every wait fails, every environment is over: the roles kill what they made when we are gone.
void Client::lose() {
  is_connected_ = false;
  boost::system::error_code ignored;
  if (spawn_) spawn_->close(ignored);
  if (pool_) pool_->close(ignored);
  for (auto& [number, waiter] : waiting_) {
    waiter->answer = Error(Errc::unavailable, "the launcher is gone");
    waiter->wake.cancel();
  }
  while (!networked_.empty()) {
    set_network({networked_.begin()->first, networked_.begin()->second}, std::nullopt);
  }
  for (auto& [slot, state] : exits_) {
    if (state->exit) continue;
    SandboxExit exit;
    exit.wait_status = SIGKILL;
    exit.is_launcher_lost = true;
    state->exit = std::move(exit);
    state->wake.cancel();
  }
}

Result<void> Client::post(asio::posix::stream_descriptor* connection, const Request& request,
                          std::span<const int> fds) {
  if (!is_connected_) return Error(Errc::unavailable, "the launcher is gone");
  const std::string bytes = encode(request);
  auto sent = os::send_message(connection->native_handle(), std::as_bytes(std::span(bytes)), fds);
  if (!sent && sent.error().code() == Errc::throttled) {
    return Error(Errc::exhausted, "too many requests wait for the launcher");
  }
  return sent;
}

Task<std::pair<Reply, std::vector<os::UniqueFd>>> Client::ask(bool is_spawn, std::uint64_t number,
                                                              Request request, int fd) {
  const std::span<const int> fds(&fd, fd < 0 ? 0 : 1);
  CO_TRY(post(is_spawn ? spawn_.get() : pool_.get(), request, fds));
  auto waiter = std::make_shared<Waiter>(executor_);
  waiting_.emplace(number, waiter);
  co_await waiter->wake.async_wait(asio::as_tuple(asio::use_awaitable));
  waiting_.erase(number);
  co_return std::move(waiter->answer);
}

Task<AcquiredSlot> Client::acquire_slot(std::uint32_t tmp_mib, SlotUse use) {
  AcquireSlot message;
  message.request = next_request_++;
  message.tmp_mib = tmp_mib;
  message.use = use;
  CO_TRY(auto answer, co_await ask(false, message.request, Request(message)));
  const auto* done = std::get_if<Done>(&answer.first);
  auto& fds = answer.second;
  if (done == nullptr || fds.size() < 2) {
    co_return Error(Errc::corrupt, "launcher: unexpected answer");
  }
  AcquiredSlot slot;
  slot.id = done->slot;
  slot.cgroup_kind = done->detail;
  slot.sockets.lambda_api = std::move(fds.back());
  fds.pop_back();
  slot.sockets.runtime_api = std::move(fds.back());
  fds.pop_back();
  slot.cgroup_fds = std::move(fds);
  co_return slot;
}

Task<void> Client::configure_slot(SlotId slot, Limits limits, Network network) {
  ConfigureSlot message;
  message.request = next_request_++;
  message.slot = slot;
  message.limits = limits;
  message.network = network;
  CO_TRY(co_await ask(false, message.request, Request(message)));
  set_network(slot, network);
  co_return ok();
}

Task<os::UniqueFd> Client::start_sandbox(SlotId slot) {
  StartSandbox message;
  message.request = next_request_++;
  message.slot = slot;
  exit_state(slot);  // before the request: the exit may come right behind the answer
  auto answer = co_await ask(true, message.request, Request(message));
  if (!answer) {
    exits_.erase({slot.index, slot.generation});
    co_return answer.error();
  }
  if (answer.value().second.size() != 1)
    co_return Error(Errc::corrupt, "launcher: no control link");
  co_return std::move(answer.value().second.front());
}

Task<GuestEnds> Client::start_guest(SlotId slot, GuestPlan plan) {
  StartGuest message;
  message.request = next_request_++;
  message.slot = slot;
  CO_TRY(message.kernel, parse_kernel_id(plan.kernel));
  message.accelerator = plan.accelerator;
  message.memory_mib = plan.memory_mib;
  message.tsc_khz = plan.tsc_khz;
  message.needs_acpi = plan.needs_acpi ? 1 : 0;
  message.memory = plan.memory;
  CO_TRY(name_images(message, plan));
  const int memory = plan.memory_file ? plan.memory_file->get() : -1;
  exit_state(slot);  // as above
  auto answer = co_await ask(true, message.request, Request(message), memory);
  if (!answer) {
    exits_.erase({slot.index, slot.generation});
    co_return answer.error();
  }
  auto& fds = answer.value().second;
  const auto* done = std::get_if<Done>(&answer.value().first);
  if (done == nullptr || fds.size() != (plan.memory == GuestMemory::own ? 2U : 3U)) {
    co_return Error(Errc::corrupt, "launcher: no ends of a guest");
  }
  GuestEnds ends;
  ends.has_ipv6 = done->detail != 0;
  if (fds.size() == 3) ends.monitor = std::move(fds[2]);
  ends.port = std::move(fds[0]);
  ends.console = std::move(fds[1]);
  co_return ends;
}

Task<void> Client::adopt_code(SlotId slot, std::string code, std::vector<std::string> layers,
                              std::string root) {
  AdoptCode message;
  message.request = next_request_++;
  message.slot = slot;
  CO_TRY(auto tree, parse_tree_id(code));
  message.code = tree;
  if (layers.size() > kMaxLayers) co_return Error(Errc::invalid, "more than 5 layers");
  for (const std::string& layer : layers) {
    CO_TRY(auto layer_tree, parse_tree_id(layer));
    message.layers[message.layer_count++] = layer_tree;
  }
  if (!root.empty()) {
    CO_TRY(message.root, parse_tree_id(root));
    message.has_root = 1;
  }
  CO_TRY(co_await ask(true, message.request, Request(message)));
  co_return ok();
}

Task<void> Client::adopt_root(SlotId slot, std::string tree) {
  AdoptRoot message;
  message.request = next_request_++;
  message.slot = slot;
  CO_TRY(message.root, parse_tree_id(tree));
  CO_TRY(co_await ask(true, message.request, Request(message)));
  co_return ok();
}

Task<SandboxExit> Client::exited(SlotId slot) {
  const auto state = exit_state(slot);
  while (!state->exit) {
    co_await state->wake.async_wait(asio::as_tuple(asio::use_awaitable));
    const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
    if (cancelled != asio::cancellation_type::none) {
      co_return Error(Errc::cancelled, "gave up waiting for a sandbox to end");
    }
  }
  co_return *state->exit;
}

void Client::kill(SlotId slot) {
  KillSandbox message;
  message.slot = slot;
  (void)post(spawn_.get(), Request(message));  // lost connection: everything is dead already
}

void Client::release(SlotId slot) {
  exits_.erase({slot.index, slot.generation});
  set_network(slot, std::nullopt);
  ReleaseSlot message;
  message.slot = slot;
  (void)post(pool_.get(), Request(message));
}

Task<std::string> Client::pool_status() {
  PoolStatus message;
  message.request = next_request_++;
  CO_TRY(auto answer, co_await ask(false, message.request, Request(message)));
  const auto* text = std::get_if<Text>(&answer.first);
  if (text == nullptr) co_return Error(Errc::corrupt, "launcher: unexpected answer");
  co_return std::string(text->bytes.data(), text->size);
}

Task<DnsGateway> Client::open_gateway_dns() {
  OpenGatewayDns message;
  message.request = next_request_++;
  CO_TRY(auto answer, co_await ask(false, message.request, Request(message)));
  const auto* dns = std::get_if<GatewayDns>(&answer.first);
  auto& fds = answer.second;
  if (dns == nullptr || fds.size() != (dns->has_ipv6 != 0 ? 4U : 2U)) {
    co_return Error(Errc::corrupt, "launcher: unexpected answer");
  }
  DnsGateway gateway;
  CO_TRY(gateway.outside, OutsideRange::of(*dns));
  gateway.udp4 = std::move(fds[0]);
  gateway.tcp4 = std::move(fds[1]);
  if (dns->has_ipv6 != 0) {
    gateway.udp6 = std::move(fds[2]);
    gateway.tcp6 = std::move(fds[3]);
  }
  co_return gateway;
}

void Client::set_network(SlotId slot, std::optional<Network> network) {
  const std::pair key(slot.index, slot.generation);
  if (network ? !is_connected_ : networked_.erase(key) == 0) return;
  if (network) networked_.insert(key);
  if (on_network_) on_network_(slot, network);
}

std::shared_ptr<Client::ExitState> Client::exit_state(SlotId slot) {
  auto& state = exits_[{slot.index, slot.generation}];
  if (!state) state = std::make_shared<ExitState>(executor_);
  return state;
}

}  // namespace proa::launcher
