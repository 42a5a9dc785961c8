// A launcher that the test plays: both ends of its connections, and an executor to run on.
#pragma once

#include "launcher/launcher.h"
#include "unit/frames/await.h"
#include "unit/launcher/role_process.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::sandbox::test {

/// The slot that it gives.
inline constexpr launcher::SlotId kSlot{4, 9};

class PlayedLauncherTest : public ::testing::Test {
 protected:
  PlayedLauncherTest() {
    auto spawn = std::move(os::seqpacket_pair().value());
    auto pool = std::move(os::seqpacket_pair().value());
    spawn_ = std::move(spawn.first);
    pool_ = std::move(pool.first);
    client_ = std::make_unique<launcher::Client>(io_.get_executor(), std::move(spawn.second),
                                                 std::move(pool.second));
    auto listeners = std::move(os::stream_pair().value());
    runtime_api_ = std::move(listeners.first);
    lambda_api_ = std::move(listeners.second);
  }

  void run_ready() {
    io_.restart();
    io_.poll();
  }
  template <class T>
  frames::Outcome<T> begin(Task<T> task) {
    auto outcome = frames::begin(io_, std::move(task));
    run_ready();
    return outcome;
  }
  template <class T>
  Result<T> finish(const frames::Outcome<T>& outcome) {
    return frames::finish(io_, outcome);
  }
  template <class T>
  Result<T> await(Task<T> task) {
    return finish(begin(std::move(task)));
  }

  /// The next request at a role's end; nothing when none is there.
  template <class Kind>
  static std::optional<Kind> request_at(const os::UniqueFd& role) {
    if (!launcher::test::is_readable(role.get(), 0)) return std::nullopt;
    auto message = os::receive_message(role.get());
    if (!message) return std::nullopt;
    auto request = launcher::decode_request(message.value().bytes);
    const auto* wanted = request ? std::get_if<Kind>(&request.value()) : nullptr;
    return wanted == nullptr ? std::nullopt : std::optional<Kind>(*wanted);
  }
  void answer(const os::UniqueFd& role, const launcher::Reply& reply,
              const std::vector<int>& fds = {}) {
    launcher::test::send_bytes(role.get(), launcher::encode(reply), fds);
    run_ready();
  }
  static launcher::Done done(std::uint64_t request) {
    launcher::Done reply;
    reply.request = request;
    reply.slot = kSlot;
    return reply;
  }
  void report_exit(int wait_status, int step = 0, int reason = 0) {
    launcher::Exited exited;
    exited.slot = kSlot;
    exited.wait_status = wait_status;
    exited.start_step = step;
    exited.start_errno = reason;
    answer(spawn_, exited);
  }

  /// A frame from inside, at our end of a link or port.
  void say_at(const os::UniqueFd& link, frames::Type type, const std::string& body = "") {
    std::string frame(frames::kHeaderSize, '\0');
    const frames::Header header{static_cast<std::uint32_t>(body.size()), type};
    frames::encode_header(header,
                          std::as_writable_bytes(std::span(frame)).first<frames::kHeaderSize>());
    frame += body;
    EXPECT_EQ(::write(link.get(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
    run_ready();
  }
  /// Answers the request for a slot that must be there; the size of /tmp that was asked for.
  std::uint32_t give_slot() {
    const auto slot = request_at<launcher::AcquireSlot>(pool_);
    EXPECT_TRUE(slot);
    if (!slot) return 0;
    answer(pool_, done(slot->request), {runtime_api_.get(), lambda_api_.get()});
    use_ = slot->use;
    return slot->tmp_mib;
  }

  boost::asio::io_context io_{1};
  os::UniqueFd spawn_;
  os::UniqueFd pool_;
  os::UniqueFd runtime_api_;
  os::UniqueFd lambda_api_;
  launcher::SlotUse use_ = launcher::SlotUse::container;  ///< of the slot that was given last
  std::unique_ptr<launcher::Client> client_;
};

}  // namespace proa::sandbox::test
