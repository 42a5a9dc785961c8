// Frames as a host sends them to proa-init, as text.
#pragma once

#include "frames/frames.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace proa::frames::init {

inline std::string frame_of(Type type, std::string_view body) {
  std::array<std::byte, kHeaderSize> header{};
  encode_header({.body_size = static_cast<std::uint32_t>(body.size()), .type = type}, header);
  return std::string(reinterpret_cast<const char*>(header.data()), header.size()) +
         std::string(body);
}

inline std::string start_frame(std::uint16_t descriptors = kMinStartDescriptors) {
  const std::vector<std::string_view> arguments{"/bin/true"};
  const StartSpec spec{
      .uid = 993, .gid = 990, .descriptors = descriptors, .directory = "/", .arguments = arguments};
  std::vector<std::byte> body(start_body_size(spec));
  EXPECT_EQ(encode_start(spec, body), Status::ok);
  return frame_of(Type::start, {reinterpret_cast<const char*>(body.data()), body.size()});
}

}  // namespace proa::frames::init
