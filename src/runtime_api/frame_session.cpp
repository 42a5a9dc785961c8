#include "runtime_api/runtime_api.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include <limits>

namespace proa::runtime_api {
namespace asio = boost::asio;
using frames::Frame;
using frames::Type;

namespace {
// Well below a Unix socket's buffer, which is empty whenever we send.
constexpr std::size_t kAlwaysFits = std::size_t{64} * 1024;
// Answers to the call before that one call passes over. A runtime that sends more floods its link.
constexpr int kMostLateAnswers = 16;
// What the functions of nobody (runtimes/*/rehearsal) are called with.
constexpr std::string_view kRehearsalId = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view kRehearsalEvent =
    R"({"words":["one-1","two-22","three"],"nested":{"number":2.5,"list":[1,2,3,null,true]},)"
    R"("text":"\u00e4 \"quoted\" text"})";

bool is_answer(Type type) {
  return type == Type::response || type == Type::error || type == Type::last_error ||
         type == Type::too_large;
}
}  // namespace

struct FrameSession::State : std::enable_shared_from_this<State> {
  State(const asio::any_io_executor& executor, std::unique_ptr<frames::Link> given)
      : link(std::move(given)), timer(executor) {}

  // The next frame. Errc: deadline, unavailable (the process went or closed its link), corrupt.
  Task<Frame> receive(SteadyTime until) {
    if (is_process_gone) {
      if (auto here = link->try_receive()) co_return std::move(*here);
      co_return Error(Errc::unavailable, "runtime process has ended");
    }
    deadline = until;
    if (!is_armed || timer.expiry() > until) arm(until);
    auto frame = co_await link->receive();
    deadline = SteadyTime::max();
    if (frame || frame.error().code() != Errc::cancelled) co_return std::move(frame);
    // Cancelled: by the deadline, or because the process ended, perhaps right behind its answer.
    if (auto here = link->try_receive()) co_return std::move(*here);
    if (is_process_gone) co_return Error(Errc::unavailable, "runtime process has ended");
    co_return Error(Errc::deadline, "runtime did not answer in time");
  }

  // Calls do not stop the timer: one that is armed for an earlier moment than the deadline of the
  // wait goes on to that deadline when it fires, and rests when nobody waits. So a warm call costs
  // no timer (0.5 us and a turn of the scheduler each).
  void arm(SteadyTime at) {
    is_armed = true;
    timer.expires_at(at);  // ends an earlier wait, whose handler sees `aborted`
    timer.async_wait([self = shared_from_this(), at](boost::system::error_code aborted) {
      if (!aborted) self->fired(at);
    });
  }

  void fired(SteadyTime at) {
    if (at != timer.expiry()) return;  // armed anew while this was on its way
    is_armed = false;
    if (deadline <= at) {
      link->cancel();
    } else if (deadline != SteadyTime::max()) {
      arm(deadline);
    }
  }

  // A frame that is larger than the socket's buffer waits for a runtime that may never read.
  // Errc: deadline, unavailable, os.
  Task<void> send(Type type, std::string_view first, std::string_view second, SteadyTime until) {
    const std::array<std::string_view, 2> parts{first, second};
    if (first.size() + second.size() <= kAlwaysFits) co_return co_await link->send(type, parts);
    deadline = until;
    if (!is_armed || timer.expiry() > until) arm(until);
    auto sent = co_await link->send(type, parts);
    deadline = SteadyTime::max();
    const bool is_late = !sent && sent.error().code() == Errc::cancelled && !is_process_gone;
    if (is_late) co_return Error(Errc::deadline, "runtime did not read in time");
    co_return sent;
  }

  // A second answer to the call before is nothing to this one. Lambda refuses it (400 of the
  // runtime API) and goes on; frames have no way to refuse.
  bool is_late_answer(const Frame& frame, std::string_view request_id) {
    const bool is_late = is_answer(frame.type) && !answered_id.empty() &&
                         answered_id != request_id && frame.body.starts_with(answered_id);
    if (!is_late || late_answers == kMostLateAnswers) return false;
    ++late_answers;
    return true;
  }

  std::unique_ptr<frames::Link> link;
  asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max();  // of the wait for the runtime; max: nobody waits
  bool is_armed = false;
  bool is_process_gone = false;
  std::string head;         // of the invoke frame; kept for its capacity
  std::string answered_id;  // of the call that was answered last
  int late_answers = 0;     // passed over in this call
};

namespace {

std::string configuration_json(const Configuration& configuration) {
  boost::json::object out;
  if (configuration.environment) {
    boost::json::object environment;
    for (const auto& [name, value] : *configuration.environment) environment[name] = value;
    out["environment"] = std::move(environment);
  }
  out["handler"] = configuration.handler;
  out["task_root"] = configuration.task_root;
  out["cwd"] = configuration.directory;
  if (configuration.is_restored) out["restored"] = true;
  return boost::json::serialize(out);
}

// What a failed receive or send means for the conversation.
template <class Outcome>
Outcome outcome_of(const Error& error) {
  if (error.code() == Errc::deadline) return TimedOut{};
  if (error.code() == Errc::corrupt) return BrokeProtocol{error.message()};
  return Gone{};
}

BrokeProtocol unexpected(Type type) {
  return BrokeProtocol{"unexpected frame of type " + std::to_string(static_cast<unsigned>(type))};
}

CallOutcome read_answer(const Frame& frame, std::string_view request_id) {
  if (!is_answer(frame.type)) return unexpected(frame.type);
  if (!frame.body.starts_with(request_id)) return BrokeProtocol{"answer to another request id"};
  const std::string_view body = frame.body.substr(request_id.size());
  if (frame.type == Type::too_large) return AnswerTooLarge{};
  if (frame.type == Type::error) return Failed{std::string(body)};
  if (frame.type == Type::last_error) return Failed{std::string(body), true};
  if (body.size() > kMaxAnswer) return AnswerTooLarge{};
  return Answered{std::string(body)};
}

}  // namespace

Result<std::unique_ptr<RuntimeSession>> FrameSession::create(asio::any_io_executor executor,
                                                             frames::LinkFds link) {
  TRY(auto adopted, frames::Link::adopt(executor, std::move(link)));
  auto state = std::make_shared<State>(executor, std::move(adopted));
  return std::unique_ptr<RuntimeSession>(new FrameSession(std::move(state)));
}

FrameSession::~FrameSession() {
  state_->deadline = SteadyTime::max();
  state_->timer.cancel();
  state_->link->close();
}

void FrameSession::process_ended() {
  state_->is_process_gone = true;
  state_->link->cancel();
}

Task<std::string> FrameSession::parked(SteadyTime deadline) {
  CO_TRY(auto frame, co_await state_->receive(deadline));
  if (frame.type != Type::parked) co_return Error(Errc::corrupt, unexpected(frame.type).what);
  boost::system::error_code failed;
  const auto value = boost::json::parse(boost::json::string_view(frame.body), failed);
  const auto* identity =
      failed || !value.is_object() ? nullptr : value.as_object().if_contains("runtime");
  if (identity == nullptr || !identity->is_string()) {
    co_return Error(Errc::corrupt, "runtime did not say what it is");
  }
  co_return std::string(identity->as_string());
}

Task<void> FrameSession::rehearse(SteadyTime deadline) {
  frames::InvokeView view;
  view.deadline_ms = std::numeric_limits<std::uint32_t>::max();
  view.request_id = kRehearsalId;
  view.invoked_arn = "arn:aws:lambda:us-east-1:000000000000:function:rehearsal";
  view.trace_id = "Root=1-00000000-000000000000000000000000";
  view.payload = kRehearsalEvent;
  state_->head.resize(frames::invoke_head_size(view));
  frames::encode_invoke_head(view, std::as_writable_bytes(std::span(state_->head)));
  CO_TRY(co_await state_->send(Type::rehearse, state_->head, view.payload, deadline));
  CO_TRY(co_await parked(deadline));
  co_return ok();
}

asio::awaitable<InitOutcome> FrameSession::init(Configuration configuration, SteadyTime deadline) {
  const std::string text = configuration_json(configuration);
  const auto sent = co_await state_->send(Type::configure, text, std::string_view(), deadline);
  if (!sent) co_return outcome_of<InitOutcome>(sent.error());
  const auto frame = co_await state_->receive(deadline);
  if (!frame) co_return outcome_of<InitOutcome>(frame.error());
  if (frame.value().type == Type::ready) co_return Ready{};
  if (frame.value().type == Type::init_error) co_return Failed{std::string(frame.value().body)};
  co_return unexpected(frame.value().type);
}

asio::awaitable<CallOutcome> FrameSession::call(const model::Invocation& invocation,
                                                WallTime function_deadline, SteadyTime deadline) {
  state_->late_answers = 0;
  // Nothing else may be there before we ask: it is no answer, or forged.
  while (auto stray = state_->link->try_receive()) {
    if (!*stray) co_return outcome_of<CallOutcome>(stray->error());
    if (!state_->is_late_answer(stray->value(), invocation.request_id)) {
      co_return unexpected(stray->value().type);
    }
  }
  frames::InvokeView view;
  view.deadline_ms = static_cast<std::uint64_t>(epoch_ms(function_deadline));
  view.request_id = invocation.request_id;
  view.invoked_arn = invocation.invoked_arn;
  view.trace_id = invocation.trace_id;
  view.client_context = invocation.client_context;
  view.cognito_identity = invocation.cognito_identity;
  view.payload = invocation.payload;
  state_->head.resize(frames::invoke_head_size(view));
  frames::encode_invoke_head(view, std::as_writable_bytes(std::span(state_->head)));
  const auto sent = co_await state_->send(Type::invoke, state_->head, view.payload, deadline);
  if (!sent) co_return outcome_of<CallOutcome>(sent.error());
  auto frame = co_await state_->receive(deadline);
  while (frame && state_->is_late_answer(frame.value(), invocation.request_id)) {
    frame = co_await state_->receive(deadline);
  }
  if (!frame) co_return outcome_of<CallOutcome>(frame.error());
  state_->answered_id = invocation.request_id;
  co_return read_answer(frame.value(), invocation.request_id);
}

int FrameSession::late_answers() const { return state_->late_answers; }

}  // namespace proa::runtime_api
