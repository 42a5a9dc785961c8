#include "sandbox/microvm/monitor.h"

#include "base/check.h"
#include "os/seqpacket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>

#include <span>
#include <utility>

namespace proa::sandbox {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

/// QEMU's greeting has 200 bytes, its other lines less.
constexpr std::size_t kLineMax = 16 * 1024;
constexpr std::size_t kReasonMax = 500;

// The memory is in a file that the copies share, so it is no part of what is transferred.
constexpr std::string_view kPreface =
    R"({"execute":"qmp_capabilities"})"
    R"({"execute":"migrate-set-capabilities","arguments":{"capabilities":[)"
    R"({"capability":"x-ignore-shared","state":true},{"capability":"events","state":true}]}})"
    R"({"execute":"getfd","arguments":{"fdname":"state"}})";
constexpr std::string_view kSave = R"({"execute":"migrate","arguments":{"uri":"fd:state"}})";
constexpr std::string_view kLoad =
    R"({"execute":"migrate-incoming","arguments":{"uri":"fd:state"}})";

/// Of the last command for a disk: its answer is the one that counts.
constexpr std::string_view kInserted = "inserted";
/// Behind the sets of descriptors that the command line makes, which have their numbers.
constexpr int kSetsBegin = 100;
constexpr const char* kClosed = "its monitor is closed";

std::string_view text_of(const json::object& object, json::string_view member) {
  const json::value* found = object.if_contains(member);
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

const json::object* object_of(const json::object& object, json::string_view member) {
  const json::value* found = object.if_contains(member);
  return found == nullptr ? nullptr : found->if_object();
}

}  // namespace

MonitorNews read_monitor_line(std::string_view line) {
  using Kind = MonitorNews::Kind;
  boost::system::error_code failed;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), failed);
  if (failed || !value.is_object()) return {Kind::failed, "its monitor says what is no JSON"};
  const json::object& object = value.get_object();
  if (const json::object* error = object_of(object, "error")) {
    // A failure without a reason would be taken for a success.
    const std::string_view reason = text_of(*error, "desc").substr(0, kReasonMax);
    return {Kind::failed, std::string(reason.empty() ? "its monitor does not say why" : reason)};
  }
  if (text_of(object, "id") == kInserted) return {Kind::done, {}};
  if (text_of(object, "event") != "MIGRATION") return {};
  const json::object* data = object_of(object, "data");
  const std::string_view status = data == nullptr ? std::string_view() : text_of(*data, "status");
  if (status == "completed") return {Kind::done, {}};
  if (status == "failed") return {Kind::failed, "the transfer of its state failed"};
  return {};
}

Monitor::Monitor(const asio::any_io_executor& executor)
    : socket_(executor), outcome_(executor), tasks_(executor) {}

Monitor::~Monitor() {
  check(tasks_.running() == 0, "a guest's monitor must be joined before it is destroyed");
}

Result<std::unique_ptr<Monitor>> Monitor::adopt(const asio::any_io_executor& executor,
                                                os::UniqueFd monitor) {
  std::unique_ptr<Monitor> made(new Monitor(executor));
  boost::system::error_code failed;
  made->socket_.assign(monitor.get(), failed);
  if (failed) return os_error("adopt a guest's monitor", failed.value());
  monitor.release();
  made->tasks_.spawn(made->read());
  return made;
}

Task<void> Monitor::save(int state, SteadyTime deadline) {
  co_return co_await transfer(state, kSave, deadline);
}

Task<void> Monitor::load(int state, SteadyTime deadline) {
  co_return co_await transfer(state, kLoad, deadline);
}

Task<void> Monitor::transfer(int state, std::string_view command, SteadyTime deadline) {
  const std::string commands = std::string(kPreface) + std::string(command);
  co_return co_await ask(commands, state, deadline, "a guest's state");
}

// The device's node stays, and what is below it is exchanged.
// https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html (blockdev-reopen)
Task<void> Monitor::insert(const char* disk, int image, SteadyTime deadline) {
  const std::string name = disk;
  const std::string set = std::to_string(++sets_ + kSetsBegin);
  const std::string commands =
      R"({"execute":"add-fd","arguments":{"fdset-id":)" + set + "}}" +
      R"({"execute":"blockdev-add","arguments":{"driver":"file","node-name":")" + name +
      R"(-image","filename":"/dev/fdset/)" + set + R"(","locking":"off","read-only":true}})" +
      R"({"execute":"blockdev-reopen","id":")" + std::string(kInserted) +
      R"(","arguments":{"options":[{"driver":"raw","node-name":")" + name +
      R"(","read-only":true,"file":")" + name + R"(-image"}]}})";
  co_return co_await ask(commands, image, deadline, "a guest's disk");
}

Task<void> Monitor::ask(std::string_view commands, int file, SteadyTime deadline,
                        const char* what) {
  outcome_.reset();
  if (is_closed_) co_return Error(Errc::unavailable, std::string(what) + ": " + kClosed);
  const std::string line = std::string(commands) + "\n";
  CO_TRY(os::send_message(socket_.native_handle(), std::as_bytes(std::span(line)),
                          std::span(&file, 1)));
  CO_TRY(const auto failure, co_await outcome_.wait(deadline, what));
  if (failure.empty()) co_return ok();
  co_return Error(Errc::unavailable, std::string(what) + ": " + failure);
}

asio::awaitable<void> Monitor::read() {
  std::string text;
  for (;;) {
    const auto [error, size] = co_await asio::async_read_until(
        socket_, asio::dynamic_buffer(text, kLineMax), '\n', asio::as_tuple(asio::use_awaitable));
    if (error) break;
    auto news = read_monitor_line(std::string_view(text).substr(0, size));
    text.erase(0, size);
    if (news.kind == MonitorNews::Kind::done) outcome_.set({});
    if (news.kind == MonitorNews::Kind::failed) outcome_.set(std::move(news.reason));
  }
  is_closed_ = true;
  outcome_.set(kClosed);
}

void Monitor::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace proa::sandbox
