// The state machine of proa-init under any order of bytes, descriptors and ends of processes.
//
// An input is a byte that says whose link it is, and a list of events: one byte says which, further
// bytes are its arguments. The world
// below keeps books: no descriptor may leak or be closed twice, no process may be started while
// another lives, and each start has one `exited`.
#include "base/check.h"
#include "frames/init/control.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace {

using namespace proa::frames;
using namespace proa::frames::init;
using proa::check;

class World final : public Actions {
 public:
  Started start(const StartView& view, std::span<const int> descriptors) override {
    check(!is_alive && !has_others, "a start among living processes");
    check(view.descriptors == descriptors.size(), "other descriptors than the request says");
    std::vector<const char*> argv(view.arguments + std::size_t{1});
    std::vector<const char*> envp(view.variables + std::size_t{1});
    start_pointers(view, argv, envp);
    ++starts;
    if (fails_next) return {.pid = -1, .error = 2};
    is_alive = true;
    return {.pid = kPid, .error = 0};
  }
  KillRound kill_everyone() override {
    if (!is_alive && !has_others) return KillRound::nobody_left;
    return KillRound::signalled;
  }
  void close_descriptor(int descriptor) override {
    check(open.erase(descriptor) == 1, "a descriptor closed twice");
  }
  bool set_clock(std::uint64_t) override {
    check(is_guest, "the clock of a container's host");
    return true;
  }
  bool restore(const RestoreView&) override {
    check(is_guest, "the restore of a container");
    return true;
  }
  bool mount(const MountView&) override {
    check(is_guest, "a disk of a container");
    return true;
  }
  bool memory_news(MemoryView& out) override {
    if (!is_guest) return false;
    out = {.peak_bytes = ++memory, .oom_kills = 0};
    return true;
  }

  static constexpr pid_t kPid = 5;
  std::set<int> open;
  int next_descriptor = 10;
  int starts = 0;
  bool is_guest = false;
  std::uint64_t memory = 0;
  bool fails_next = false;
  bool is_alive = false;    // the started process, until it is reaped
  bool has_others = false;  // its descendants
};

class Run {
 public:
  explicit Run(std::span<const std::uint8_t> input) : input_(input) {
    world_.is_guest = next() % 2 != 0;
    control_ =
        std::make_unique<Control>(world_, world_.is_guest ? Inside::guest : Inside::container);
  }

  void events() {
    while (!input_.empty() && control_->state() != Control::State::stopped) {
      event(next() % 8);
      check_state();
    }
    control_->link_ended();
    check(control_->state() == Control::State::stopped, "the end of the link stops it");
    check(world_.open.empty(), "a descriptor leaked");
  }

 private:
  std::uint8_t next() {
    if (input_.empty()) return 0;
    const std::uint8_t value = input_.front();
    input_ = input_.subspan(1);
    return value;
  }

  void event(unsigned kind) {
    switch (kind) {
      case 0:
      case 1:
        return bytes(kind == 1 ? next() % 20U : 0U);
      case 2:
        if (!world_.is_alive) return;
        world_.is_alive = false;
        return control_->process_ended(World::kPid, next());
      case 3:
        world_.has_others = world_.is_alive && next() % 2 == 0;
        return;
      case 4:
        return control_->process_ended(World::kPid + 1, next());
      case 5:
        if (!world_.is_alive && !world_.has_others) control_->no_children();
        return;
      case 6:
        if (next() % 2 == 0) world_.has_others = false;
        return control_->kill_round_over();
      default:
        world_.fails_next = next() % 2 == 0;
        return host_reads();
    }
  }

  // The next bytes of the input (their number first) arrive, in the steps that Control asks for.
  void bytes(unsigned descriptor_count) {
    std::size_t left = std::min<std::size_t>(next() * 4U, input_.size());
    std::vector<int> descriptors;
    for (unsigned i = 0; i < descriptor_count && left > 0; ++i) {
      descriptors.push_back(world_.next_descriptor++);
      world_.open.insert(descriptors.back());
    }
    while (left > 0 && control_->state() != Control::State::stopped) {
      const auto wanted = control_->wanted();
      check(!wanted.empty(), "it goes on but wants nothing");
      const std::size_t count = std::min(left, wanted.size());
      std::memcpy(wanted.data(), input_.data(), count);
      input_ = input_.subspan(count);
      left -= count;
      control_->received(count, descriptors);
      descriptors.clear();
    }
  }

  void host_reads() {
    auto bytes = control_->outgoing();
    Header header;
    while (!bytes.empty()) {
      check(decode_header(bytes, header) == Status::ok, "the host gets no frame");
      check(bytes.size() >= kHeaderSize + header.body_size, "the host gets a part of a frame");
      exits_ += header.type == Type::exited ? 1 : 0;
      bytes = bytes.subspan(kHeaderSize + header.body_size);
    }
    control_->sent(control_->outgoing().size());
    if (control_->state() == Control::State::stopped) return;
    check(exits_ == world_.starts - (world_.is_alive ? 1 : 0), "each start has one exited");
  }

  void check_state() const {
    if (control_->state() == Control::State::stopped) return;
    check((control_->state() == Control::State::running) <= world_.is_alive,
          "it believes in a process that ended");
    check(control_->state() != Control::State::idle || !world_.is_alive, "it forgot a process");
  }

  std::span<const std::uint8_t> input_;
  World world_;
  std::unique_ptr<Control> control_;
  int exits_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  Run(std::span(bytes, size)).events();
  return 0;
}
