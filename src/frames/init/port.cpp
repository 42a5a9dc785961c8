#include "frames/init/port.h"

namespace proa::frames::init {
namespace {

bool is_of_streams(Type type) { return type >= Type::stream_open && type <= Type::stream_credit; }

}  // namespace

std::span<std::byte> Port::wanted() {
  if (control_.state() == Control::State::stopped) return {};
  if (!has_header_) return std::span(header_bytes_).subspan(have_);
  if (!is_of_streams(header_.type)) return control_.wanted();
  return std::span(body_).first(header_.body_size).subspan(have_);
}

void Port::received(std::size_t count) {
  if (count > wanted().size()) return control_.fail(Stop::protocol_error);
  if (has_header_ && !is_of_streams(header_.type)) {
    take_control(count, {});
  } else {
    have_ += count;
  }
  if (!has_header_ && have_ == kHeaderSize) take_header();
  if (!has_header_ || have_ < header_.body_size) return;
  if (is_of_streams(header_.type) &&
      streams_.take(header_.type, std::span(body_).first(header_.body_size)) != Status::ok) {
    control_.fail(Stop::protocol_error);
  }
  has_header_ = false;
  have_ = 0;
}

void Port::take_header() {
  const bool is_header = decode_header(header_bytes_, header_) == Status::ok;
  if (!is_header || (is_of_streams(header_.type) && header_.body_size > kStreamBodyMax)) {
    return control_.fail(Stop::protocol_error);
  }
  has_header_ = true;
  have_ = 0;
  if (is_of_streams(header_.type)) return;
  std::array<int, kProcessDescriptors> inherited{};
  std::span<const int> descriptors;
  if (header_.type == Type::start) {
    if (!streams_.open_process()) return control_.fail(Stop::protocol_error);
    if (!actions_.open_ends(inherited)) return control_.fail(Stop::failed);
    descriptors = inherited;
  }
  // Control reads a frame from its first byte on; it judges the header, too.
  const auto place = control_.wanted();
  if (place.size() != kHeaderSize) __builtin_trap();
  __builtin_memcpy(place.data(), header_bytes_.data(), kHeaderSize);
  control_.received(kHeaderSize, descriptors);
}

void Port::take_control(std::size_t count, std::span<const int> descriptors) {
  control_.received(count, descriptors);
  have_ += count;
}

void Port::link_ended() {
  if (has_header_ || have_ != 0) return control_.fail(Stop::protocol_error);
  control_.link_ended();
}

std::span<std::byte> Port::free_room() {
  if (out_begin_ == out_end_) out_begin_ = out_end_ = 0;
  if (out_.size() - out_end_ < kStreamHead + kStreamPiece && out_begin_ > 0) {
    __builtin_memmove(out_.data(), out_.data() + out_begin_, out_end_ - out_begin_);
    out_end_ -= out_begin_;
    out_begin_ = 0;
  }
  return std::span(out_).subspan(out_end_);
}

std::span<std::byte> Port::room(const Stream& stream) {
  const auto free = free_room();
  // The same again is left for what control and streams have to say.
  if (free.size() < 2 * kStreamPiece) return {};
  return free.subspan(kStreamHead).first(Streams::room(stream));
}

void Port::put(Stream& stream, std::size_t count) {
  out_end_ += Streams::put(stream, free_room(), count);
}

void Port::report_memory() {
  control_.report_memory();
  take_said();
}

// What control has to say goes out whole or waits.
void Port::take_said() {
  const auto free = free_room();
  const auto said = control_.outgoing();
  if (said.size() > free.size()) return;
  __builtin_memcpy(free.data(), said.data(), said.size());
  out_end_ += said.size();
  control_.sent(said.size());
}

std::span<const std::byte> Port::outgoing() {
  take_said();
  out_end_ += streams_.collect(free_room());
  return std::span(out_).subspan(out_begin_, out_end_ - out_begin_);
}

void Port::sent(std::size_t count) {
  if (count > out_end_ - out_begin_) return control_.fail(Stop::failed);
  out_begin_ += count;
}

}  // namespace proa::frames::init
