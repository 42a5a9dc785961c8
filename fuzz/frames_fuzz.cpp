// The decoders of frames.h over foreign bytes. What decodes must encode to the same bytes again.
#include "frames/frames.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace {

using namespace proa::frames;
using proa::check;
using Input = std::span<const std::byte>;

void check_same(Input expected, const std::vector<std::byte>& got) {
  check(expected.size() == got.size() &&
            (got.empty() || std::memcmp(expected.data(), got.data(), got.size()) == 0),
        "what was decoded encodes to other bytes");
}

void fuzz_header(Input input) {
  Header header;
  if (decode_header(input, header) != Status::ok) return;
  check(header.body_size <= kMaxBody, "a body beyond the limit was accepted");
  std::vector<std::byte> again(kHeaderSize);
  encode_header(header, std::span<std::byte, kHeaderSize>(again));
  check_same(input.first(kHeaderSize), again);
}

void fuzz_invoke(Input input) {
  InvokeView view;
  if (decode_invoke(input, view) != Status::ok) return;
  std::vector<std::byte> again(invoke_head_size(view));
  encode_invoke_head(view, again);
  const auto payload = std::as_bytes(std::span(view.payload.data(), view.payload.size()));
  again.insert(again.end(), payload.begin(), payload.end());
  check_same(input, again);
}

void fuzz_start(Input input) {
  StartView view;
  if (decode_start(input, view) != Status::ok) return;
  std::vector<const char*> argv(view.arguments + std::size_t{1});
  std::vector<const char*> envp(view.variables + std::size_t{1});
  start_pointers(view, argv, envp);
  check(argv.back() == nullptr && envp.back() == nullptr, "a list without its end");
  const std::vector<std::string_view> arguments(argv.begin(), argv.end() - 1);
  const std::vector<std::string_view> variables(envp.begin(), envp.end() - 1);
  const StartSpec spec{.uid = view.uid,
                       .gid = view.gid,
                       .descriptors = view.descriptors,
                       .directory = view.directory,
                       .arguments = arguments,
                       .variables = variables};
  std::vector<std::byte> again(start_body_size(spec));
  check(encode_start(spec, again) == Status::ok, "a decoded start does not encode");
  check_same(input, again);
}

/// A body of one size: what is read must be written the same.
template <class View, std::size_t kSize>
void fuzz_fixed(Input input, Status (*decode)(Input, View&),
                void (*encode)(const View&, std::span<std::byte, kSize>)) {
  View view;
  if (decode(input, view) != Status::ok) return;
  std::vector<std::byte> again(kSize);
  encode(view, std::span<std::byte, kSize>(again));
  check_same(input, again);
}

void fuzz_set_clock(Input input) {
  std::uint64_t time_ns = 0;
  if (decode_set_clock(input, time_ns) != Status::ok) return;
  std::vector<std::byte> again(kSetClockSize);
  encode_set_clock(time_ns, std::span<std::byte, kSetClockSize>(again));
  check_same(input, again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto input = std::as_bytes(std::span(bytes, size));
  fuzz_header(input);
  fuzz_invoke(input);
  fuzz_start(input);
  fuzz_fixed(input, decode_exited, encode_exited);
  fuzz_fixed(input, decode_memory, encode_memory);
  fuzz_set_clock(input);
  fuzz_fixed(input, decode_restore, encode_restore);
  fuzz_fixed(input, decode_mount, encode_mount);
  return 0;
}
