#include "frames/init/control.h"

#include "frames/init_up.h"

namespace proa::frames::init {

Control::Control(Actions& actions, Inside inside, std::uint64_t available_bytes)
    : actions_(actions), inside_(inside) {
  std::array<std::byte, kInitUpSize> body{};
  encode_init_up(available_bytes, body);
  queue(Type::init_up, std::span(body).first(available_bytes == 0 ? 0 : body.size()));
}

std::span<std::byte> Control::wanted() {
  if (state_ == State::stopped) return {};
  if (has_header_) return std::span(body_).first(header_.body_size).subspan(have_);
  return std::span(header_bytes_).subspan(have_);
}

void Control::received(std::size_t count, std::span<const int> descriptors) {
  const bool is_first_byte = !has_header_ && have_ == 0;
  for (const int descriptor : descriptors) {
    if (descriptor_count_ < descriptors_.size()) {
      descriptors_[descriptor_count_++] = descriptor;
    } else {
      actions_.close_descriptor(descriptor);
    }
  }
  if (count > wanted().size() || (!descriptors.empty() && !is_first_byte) ||
      descriptors.size() > kMaxStartDescriptors) {
    return fail(Stop::protocol_error);
  }
  have_ += count;
  if (!has_header_ && have_ == kHeaderSize) take_header();
  if (state_ != State::stopped && has_header_ && have_ == header_.body_size) take_frame();
}

// Refuses a wrong frame by its header already, so that a body is only read where it can be right.
void Control::take_header() {
  if (decode_header(header_bytes_, header_) != Status::ok || !is_allowed()) {
    return fail(Stop::protocol_error);
  }
  has_header_ = true;
  have_ = 0;
}

bool Control::is_allowed() const {
  if (is_held_ != (header_.type == Type::restore)) return false;
  switch (header_.type) {
    case Type::start:
      return state_ == State::idle && header_.body_size > 0 && header_.body_size <= kMaxStartBody;
    case Type::kill_all:
      return state_ != State::killing && header_.body_size == 0 && descriptor_count_ == 0;
    case Type::set_clock:
      return inside_ == Inside::guest && header_.body_size == kSetClockSize &&
             descriptor_count_ == 0;
    case Type::hold:
      return inside_ == Inside::guest && state_ != State::killing && header_.body_size == 0 &&
             descriptor_count_ == 0;
    case Type::restore:
      return header_.body_size == kRestoreSize && descriptor_count_ == 0;
    case Type::mount:
      return inside_ == Inside::guest && header_.body_size == kMountSize && descriptor_count_ == 0;
    default:
      return false;
  }
}

void Control::take_frame() {
  switch (header_.type) {
    case Type::start:
      start();
      break;
    case Type::set_clock:
      set_clock();
      break;
    case Type::hold:
      queue(Type::held, {});
      is_held_ = true;
      break;
    case Type::restore:
      restore();
      break;
    case Type::mount:
      mount();
      break;
    default:
      state_ = State::killing;
      kill_rounds_ = 0;
      kill_round();
  }
  has_header_ = false;
  have_ = 0;
}

void Control::start() {
  StartView view;
  const std::span<const std::byte> body = std::span(body_).first(header_.body_size);
  if (decode_start(body, view) != Status::ok || view.descriptors != descriptor_count_) {
    return fail(Stop::protocol_error);
  }
  const Started started = actions_.start(view, std::span(descriptors_).first(descriptor_count_));
  drop_descriptors();
  if (started.error != 0) {
    return queue_exited(
        {.wait_status = 0, .start_errno = static_cast<std::uint32_t>(started.error)});
  }
  pid_ = started.pid;
  state_ = State::running;
}

void Control::set_clock() {
  std::uint64_t time_ns = 0;
  if (decode_set_clock(std::span(body_).first(header_.body_size), time_ns) != Status::ok) {
    return fail(Stop::protocol_error);
  }
  if (!actions_.set_clock(time_ns)) fail(Stop::failed);
}

void Control::restore() {
  RestoreView view;
  if (decode_restore(std::span(body_).first(header_.body_size), view) != Status::ok) {
    return fail(Stop::protocol_error);
  }
  if (!actions_.restore(view)) return fail(Stop::failed);
  is_held_ = false;
  queue(Type::restored, {});
}

void Control::mount() {
  MountView view;
  if (decode_mount(std::span(body_).first(header_.body_size), view) != Status::ok) {
    return fail(Stop::protocol_error);
  }
  if (!actions_.mount(view)) return fail(Stop::failed);
  queue(Type::mounted, {});
}

void Control::link_ended() {
  const bool is_between_frames = !has_header_ && have_ == 0;
  fail(is_between_frames ? Stop::link_closed : Stop::protocol_error);
}

void Control::fail(Stop reason) {
  if (state_ == State::stopped) return;  // the first reason is the cause
  drop_descriptors();
  state_ = State::stopped;
  stop_reason_ = reason;
}

void Control::process_ended(pid_t pid, int wait_status) {
  if (state_ == State::stopped || pid != pid_ || pid <= 0) return;  // an orphan: nothing to tell
  pid_ = -1;
  if (state_ == State::running) state_ = State::ended;
  queue_exited({.wait_status = static_cast<std::uint32_t>(wait_status), .start_errno = 0});
}

void Control::no_children() {
  if (state_ == State::killing) kill_round();
}

void Control::kill_round_over() {
  if (state_ != State::killing) return;
  if (++kill_rounds_ >= kKillRoundsMax) return fail(Stop::failed);
  kill_round();
}

void Control::kill_round() {
  switch (actions_.kill_everyone()) {
    case KillRound::signalled:
      return;  // they are being reaped; process_ended and no_children follow
    case KillRound::failed:
      return fail(Stop::failed);
    case KillRound::nobody_left:
      break;
  }
  // The started process counts until it is reaped, so `exited` is on its way before this.
  if (pid_ > 0) return fail(Stop::failed);
  state_ = State::idle;
  report_memory();
  queue(Type::killed, {});
}

void Control::queue_exited(const ExitedView& view) {
  std::array<std::byte, kExitedSize> body{};
  encode_exited(view, body);
  report_memory();
  queue(Type::exited, body);
}

void Control::report_memory() {
  MemoryView view;
  if (state_ == State::stopped || !actions_.memory_news(view)) return;
  std::array<std::byte, kMemorySize> body{};
  encode_memory(view, body);
  queue(Type::memory, body);
}

void Control::queue(Type type, std::span<const std::byte> body) {
  // A host that goes on asking and never reads is broken; waiting for it could wait for ever.
  if (out_.size() - out_size_ < kHeaderSize + body.size()) return fail(Stop::protocol_error);
  std::array<std::byte, kHeaderSize> header{};
  encode_header({.body_size = static_cast<std::uint32_t>(body.size()), .type = type}, header);
  for (const std::byte byte : header) out_[out_size_++] = byte;
  for (const std::byte byte : body) out_[out_size_++] = byte;
}

std::span<const std::byte> Control::outgoing() const { return std::span(out_).first(out_size_); }

void Control::sent(std::size_t count) {
  if (count > out_size_) return fail(Stop::failed);
  for (std::size_t i = count; i < out_size_; ++i) out_[i - count] = out_[i];
  out_size_ -= count;
}

void Control::drop_descriptors() {
  for (std::size_t i = 0; i < descriptor_count_; ++i) actions_.close_descriptor(descriptors_[i]);
  descriptor_count_ = 0;
}

}  // namespace proa::frames::init
