#include "frames/streams.h"

namespace proa::frames {
namespace {

constexpr std::size_t kIdSize = 4;

std::uint32_t read_number(std::span<const std::byte> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) {
    value = value << 8U | std::to_integer<std::uint32_t>(bytes[i - 1]);
  }
  return value;
}

void write_number(std::uint32_t value, std::span<std::byte> out) {
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::byte>(value >> (8 * i) & 0xffU);
}

/// Appends short frames to a buffer; one that does not fit whole is not begun.
class FrameWriter {
 public:
  explicit FrameWriter(std::span<std::byte> out) : out_(out) {}

  bool put(Type type, std::uint32_t id) { return put_body(type, id, 0, kIdSize); }
  bool put(Type type, std::uint32_t id, std::uint32_t number) {
    return put_body(type, id, number, kIdSize + 4);
  }
  std::size_t size() const { return size_; }

 private:
  bool put_body(Type type, std::uint32_t id, std::uint32_t number, std::size_t body) {
    if (out_.size() - size_ < kHeaderSize + body) return false;
    const auto frame = out_.subspan(size_, kHeaderSize + body);
    encode_header({.body_size = static_cast<std::uint32_t>(body), .type = type},
                  frame.first<kHeaderSize>());
    write_number(id, frame.subspan(kHeaderSize));
    if (body > kIdSize) write_number(number, frame.subspan(kHeaderSize + kIdSize));
    size_ += frame.size();
    return true;
  }

  std::span<std::byte> out_;
  std::size_t size_ = 0;
};

bool is_connection(std::uint32_t id) { return id >= kFirstConnection; }

}  // namespace

bool Streams::open_process() {
  for (const std::uint32_t id : {kCallsStream, kAnswersStream, kOutputStream}) {
    Stream* last = find(id);
    if (last == nullptr) continue;
    // The peer may start the next one as soon as both have told, in the same breath.
    if (!is_over(*last)) return false;
    release(*last);
  }
  for (const std::uint32_t id : {kCallsStream, kAnswersStream, kOutputStream}) {
    Stream* stream = make(id);
    if (stream == nullptr) return false;
    if (id == kCallsStream) continue;
    // Nothing ever goes that way, and both ends know it.
    (is_guest_ ? stream->peer_ended : stream->has_finished) = true;
  }
  return true;
}

Stream* Streams::open_connection(Service service) {
  std::size_t open = 0;
  for (const Stream& stream : places_) open += is_connection(stream.id) ? 1 : 0;
  Stream* stream = open < kConnectionsMax ? make(next_id_) : nullptr;
  if (stream == nullptr) return nullptr;
  ++next_id_;
  stream->service = service;
  stream->open_due = true;
  return stream;
}

Stream* Streams::find(std::uint32_t id) {
  if (id == 0) return nullptr;
  for (Stream& stream : places_) {
    if (stream.id == id) return &stream;
  }
  return nullptr;
}

Stream* Streams::make(std::uint32_t id) {
  for (Stream& stream : places_) {
    if (stream.id != 0) continue;
    stream.id = id;
    stream.service = Service::none;
    stream.is_new = stream.open_due = false;
    stream.peer_ended = stream.is_stopped = stream.stop_due = false;
    stream.peer_stopped = stream.has_finished = stream.end_due = false;
    stream.window = stream.credit = kStreamWindow;
    stream.to_grant = stream.begin = stream.end = 0;
    return &stream;
  }
  return nullptr;
}

// Frames for a stream that is over or refused here may still come: the peer learns of it later.
bool Streams::was_open(std::uint32_t id) const {
  if (!is_connection(id)) return id >= kCallsStream && id <= kOutputStream;
  return is_guest_ ? id < next_id_ : id <= highest_id_;
}

Status Streams::take(Type type, std::span<const std::byte> body) {
  if (body.size() < kIdSize) return Status::malformed;
  if (type == Type::stream_open) return take_open(body);
  const std::uint32_t id = read_number(body);
  const auto rest = body.subspan(kIdSize);
  Stream* stream = find(id);
  if (stream == nullptr) {
    const bool may_be_late =
        is_connection(id) || type == Type::stream_credit || type == Type::stream_stop;
    return may_be_late && was_open(id) ? Status::ok : Status::malformed;
  }
  if (type == Type::stream_data) return take_data(*stream, rest);
  if (type == Type::stream_credit) return take_credit(*stream, rest);
  if (!rest.empty()) return Status::malformed;
  if (type == Type::stream_stop) {
    stream->peer_stopped = true;
    return Status::ok;
  }
  if (type != Type::stream_end || stream->peer_ended) return Status::malformed;
  stream->peer_ended = true;
  stream->stop_due = false;
  return Status::ok;
}

Status Streams::take_open(std::span<const std::byte> body) {
  if (is_guest_ || body.size() != kIdSize + 4) return Status::malformed;
  const std::uint32_t id = read_number(body);
  const std::uint32_t service = read_number(body.subspan(kIdSize));  // its high bytes must be 0
  const bool is_known = service == static_cast<std::uint32_t>(Service::runtime_api) ||
                        service == static_cast<std::uint32_t>(Service::lambda_api);
  if (!is_known || !is_connection(id) || id <= highest_id_) return Status::malformed;
  highest_id_ = id;
  if (Stream* stream = make(id)) {
    stream->service = static_cast<Service>(service);
    stream->is_new = true;
    return Status::ok;
  }
  for (std::uint32_t& refused : refused_) {
    if (refused != 0) continue;
    refused = id;
    return Status::ok;
  }
  return Status::malformed;  // it has more connections than it may have
}

Status Streams::take_data(Stream& stream, std::span<const std::byte> bytes) {
  const bool is_allowed = !bytes.empty() && bytes.size() <= kStreamPiece && !stream.peer_ended &&
                          bytes.size() <= stream.window;
  if (!is_allowed) return Status::malformed;
  const auto count = static_cast<std::uint32_t>(bytes.size());
  stream.window -= count;
  if (stream.is_stopped) return Status::ok;
  if (stream.bytes.size() - stream.end < count) {
    __builtin_memmove(stream.bytes.data(), stream.bytes.data() + stream.begin,
                      stream.end - stream.begin);
    stream.end -= stream.begin;
    stream.begin = 0;
  }
  __builtin_memcpy(stream.bytes.data() + stream.end, bytes.data(), count);
  stream.end += count;
  return Status::ok;
}

Status Streams::take_credit(Stream& stream, std::span<const std::byte> bytes) {
  if (bytes.size() != 4) return Status::malformed;
  const std::uint32_t more = read_number(bytes);
  if (more > kStreamWindow - stream.credit) return Status::malformed;
  stream.credit += more;
  return Status::ok;
}

std::span<const std::byte> Streams::unread(const Stream& stream) {
  return std::span(stream.bytes).subspan(stream.begin, stream.end - stream.begin);
}

void Streams::consume(Stream& stream, std::size_t count) {
  if (count > stream.end - stream.begin) __builtin_trap();
  stream.begin += static_cast<std::uint32_t>(count);
  stream.to_grant += static_cast<std::uint32_t>(count);
  if (stream.begin == stream.end) stream.begin = stream.end = 0;
}

bool Streams::is_at_end(const Stream& stream) {
  return stream.peer_ended && stream.begin == stream.end;
}

void Streams::stop(Stream& stream) {
  stream.begin = stream.end = 0;
  stream.to_grant = 0;
  if (stream.is_stopped) return;
  stream.is_stopped = true;
  stream.stop_due = !stream.peer_ended;
}

std::size_t Streams::room(const Stream& stream) {
  if (stream.has_finished || stream.peer_stopped || stream.open_due) return 0;
  return stream.credit < kStreamPiece ? stream.credit : kStreamPiece;
}

std::size_t Streams::put(Stream& stream, std::span<std::byte> out, std::size_t count) {
  if (count == 0 || count > room(stream) || out.size() < kStreamHead + count) __builtin_trap();
  encode_header(
      {.body_size = static_cast<std::uint32_t>(kIdSize + count), .type = Type::stream_data},
      out.first<kHeaderSize>());
  write_number(stream.id, out.subspan(kHeaderSize));
  stream.credit -= static_cast<std::uint32_t>(count);
  return kStreamHead + count;
}

void Streams::finish(Stream& stream) {
  if (stream.has_finished) return;
  stream.has_finished = true;
  stream.end_due = true;
}

bool Streams::is_over(const Stream& stream) {
  return is_at_end(stream) && stream.has_finished && !stream.end_due && !stream.open_due;
}

std::size_t Streams::collect(std::span<std::byte> out) {
  FrameWriter writer(out);
  for (std::uint32_t& id : refused_) {
    // Both or none: it may be told once only.
    if (id == 0 || out.size() - writer.size() < 2 * (kHeaderSize + kIdSize)) continue;
    writer.put(Type::stream_stop, id);
    writer.put(Type::stream_end, id);
    id = 0;
  }
  for (Stream& stream : places_) {
    if (stream.id == 0) continue;
    if (stream.open_due) {
      const auto service = static_cast<std::uint32_t>(stream.service);
      stream.open_due = !writer.put(Type::stream_open, stream.id, service);
      if (stream.open_due) continue;  // nothing of it may go before
    }
    const bool may_grant = !stream.peer_ended && !stream.is_stopped;
    if (may_grant && stream.to_grant >= kStreamWindow / 2 &&
        writer.put(Type::stream_credit, stream.id, stream.to_grant)) {
      stream.window += stream.to_grant;
      stream.to_grant = 0;
    }
    if (stream.stop_due) stream.stop_due = !writer.put(Type::stream_stop, stream.id);
    if (stream.end_due) stream.end_due = !writer.put(Type::stream_end, stream.id);
  }
  return writer.size();
}

}  // namespace proa::frames
