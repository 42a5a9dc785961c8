// The port of a guest under any order of bytes and events, at its ends: proa-init's (the host's
// bytes are foreign only in a broken build, but they start processes) and the host's (the guest's
// bytes are foreign for good).
//
// An input is a byte that chooses the end, then a list of events: one byte says which, further ones
// are its arguments. Checked: nothing is kept beyond its window, what goes out are whole frames,
// and an end that was told is the last of its direction.
#include "frames/init/port.h"

#include "base/check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace {

using namespace proa::frames;
using namespace proa::frames::init;
using proa::check;

class World final : public PortActions {
 public:
  Started start(const StartView& view, std::span<const int> descriptors) override {
    check(view.descriptors == descriptors.size(), "other descriptors than the request says");
    return {.pid = kPid, .error = 0};
  }
  KillRound kill_everyone() override { return KillRound::nobody_left; }
  void close_descriptor(int) override { --open; }
  bool set_clock(std::uint64_t) override { return true; }
  bool restore(const RestoreView&) override { return true; }
  bool mount(const MountView&) override { return true; }
  bool memory_news(MemoryView& out) override {
    out = {.peak_bytes = ++memory, .oom_kills = 0};
    return true;
  }
  bool open_ends(std::span<int, kProcessDescriptors> inherited) override {
    for (int& each : inherited) each = 100 + open++;
    return true;
  }
  static constexpr pid_t kPid = 5;
  int open = 0;
  std::uint64_t memory = 0;
};

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  bool is_empty() const { return rest_.empty(); }
  std::uint8_t next() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    const auto taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

void check_windows(Streams& streams) {
  for (const Stream& stream : streams.places()) {
    if (stream.id == 0) continue;
    const std::size_t unread = Streams::unread(stream).size();
    check(stream.window + unread + stream.to_grant <= kStreamWindow || stream.is_stopped,
          "more than a window is under way");
    check(stream.credit <= kStreamWindow, "more credit than a window");
  }
}

void check_frames(std::span<const std::byte> bytes) {
  Header header;
  while (!bytes.empty()) {
    check(decode_header(bytes, header) == Status::ok, "no frame goes out");
    check(bytes.size() >= kHeaderSize + header.body_size, "a part of a frame goes out");
    bytes = bytes.subspan(kHeaderSize + header.body_size);
  }
}

/// Reads, stops, ends and gives back what is over.
void use(Stream& stream, Input& input) {
  switch (input.next() % 4) {
    case 0:
      return Streams::consume(stream, Streams::unread(stream).size());
    case 1:
      return Streams::stop(stream);
    case 2:
      return Streams::finish(stream);
    default:
      if (Streams::is_over(stream)) Streams::release(stream);
  }
}

void run_guest_end(Input input) {
  World world;
  const auto port = std::make_unique<Port>(world);
  while (!input.is_empty() && port->control().state() != Control::State::stopped) {
    const std::uint8_t kind = input.next();
    if (kind % 4 == 0) {
      auto bytes = input.take(input.next() * std::size_t{4});
      while (!bytes.empty() && !port->wanted().empty()) {
        const auto wanted = port->wanted();
        const std::size_t count = std::min(wanted.size(), bytes.size());
        std::memcpy(wanted.data(), bytes.data(), count);
        bytes = bytes.subspan(count);
        port->received(count);
      }
    } else if (kind % 4 == 1) {
      const auto bytes = port->outgoing();
      check_frames(bytes);
      port->sent(bytes.size());
    } else if (kind % 4 == 2) {
      if (input.next() % 2 == 0) port->control().process_ended(World::kPid, 0);
      static_cast<void>(port->streams().open_connection(Service::runtime_api));
    } else {
      Stream& stream = port->streams().places()[input.next() % Streams::kPlaces];
      if (stream.id == 0) continue;
      const auto room = port->room(stream);
      if (!room.empty() && input.next() % 2 == 0) {
        port->report_memory();
        if (port->room(stream).empty()) continue;
        port->put(stream, 1 + input.next() % port->room(stream).size());
      } else {
        use(stream, input);
      }
    }
    check_windows(port->streams());
  }
  port->link_ended();
  check(world.open == 0, "a descriptor leaked");
}

void run_host_end(Input input) {
  const auto streams = std::make_unique<Streams>(false);
  std::vector<std::byte> out(kStreamHead + kStreamPiece);
  while (!input.is_empty()) {
    const std::uint8_t kind = input.next();
    if (kind % 4 == 0) {
      const auto type = static_cast<Type>(96 + input.next() % 6);
      const auto body = input.take(input.next());
      if (streams->take(type, std::as_bytes(body)) != Status::ok) return;
    } else if (kind % 4 == 1) {
      check_frames(std::span(out).first(streams->collect(out)));
    } else if (kind % 4 == 2) {
      static_cast<void>(streams->open_process());
    } else {
      Stream& stream = streams->places()[input.next() % Streams::kPlaces];
      if (stream.id == 0) continue;
      const std::size_t room = Streams::room(stream);
      if (room > 0 && input.next() % 2 == 0) {
        const std::size_t count = 1 + input.next() % room;
        check_frames(std::span(out).first(Streams::put(stream, out, count)));
      } else {
        use(stream, input);
      }
    }
    check_windows(*streams);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const Input input(std::span(bytes, size).subspan(1));
  if (bytes[0] % 2 == 0) {
    run_guest_end(input);
  } else {
    run_host_end(input);
  }
  return 0;
}
