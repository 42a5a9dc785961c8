#include "frames/init_up.h"

#include <gtest/gtest.h>

#include <array>

namespace proa::frames {
namespace {

TEST(InitUp, SaysWhatMemoryIsAvailableOrNothing) {
  std::array<std::byte, kInitUpSize> body{};
  encode_init_up(0x1'2345'6789, body);
  EXPECT_EQ(body[0], std::byte{0x89}) << "little-endian";
  std::uint64_t available = 1;
  ASSERT_EQ(decode_init_up(body, available), Status::ok);
  EXPECT_EQ(available, 0x1'2345'6789U);
  ASSERT_EQ(decode_init_up({}, available), Status::ok);
  EXPECT_EQ(available, 0U);
  EXPECT_EQ(decode_init_up(std::span(body).first(7), available), Status::malformed);
}

}  // namespace
}  // namespace proa::frames
