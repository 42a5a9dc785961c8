#include "storage/segment_log.h"
#include "storage/segments/frame.h"
#include "unit/storage/segments_fixture.h"

#include <gtest/gtest.h>

#include <limits>

namespace proa::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHead = segments::kHeadSize + 8;  // "about it"

class SegmentReaderTest : public SegmentsFixture {
 protected:
  /// A segment with these payloads, a second apart.
  SegmentView segment_of(const Strings& payloads) {
    auto log = open();
    std::int64_t ms = 0;
    for (const std::string& payload : payloads) put(log, payload, 1000 * ms++);
    EXPECT_EQ(log.segments().size(), 1U);
    return log.segments()[0];
  }
  /// The same view with the size the file has now.
  static SegmentView as_it_is(SegmentView view) {
    view.size = Bytes(fs::file_size(view.path));
    return view;
  }
};

TEST_F(SegmentReaderTest, GivesRecordsWithTheirTimesAndPlaces) {
  const auto view = segment_of({"one", "", "three"});
  auto reader = reader_of(view);
  EXPECT_EQ(reader.about(), "about it");
  const auto first = reader.next().value();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payload, "one");
  EXPECT_EQ(first->time, at(0));
  EXPECT_EQ(first->offset, kHead);
  const auto second = reader.next().value();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->payload, "");
  EXPECT_EQ(second->offset, kHead + segments::kFrameSize + 3);
  const auto third = reader.next().value();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->time, at(2000));
  EXPECT_FALSE(reader.next().value());
  EXPECT_FALSE(reader.next().value());
  EXPECT_EQ(reader.offset(), view.size.count());
  EXPECT_EQ(reader.damaged_bytes(), 0U);
}

TEST_F(SegmentReaderTest, APlaceKeepsItsMeaning) {
  const auto view = segment_of({"one", "two", "three"});
  const std::uint64_t second = kHead + segments::kFrameSize + 3;
  auto reader = reader_of(view);
  reader.seek(second);
  EXPECT_EQ(rest_of(reader), (Strings{"two", "three"}));
  reader.seek(0);
  EXPECT_EQ(rest_of(reader).size(), 3U);
  reader.seek(second + 1);
  EXPECT_EQ(rest_of(reader), Strings{"three"}) << "the next one behind a place inside";
  reader.seek(view.size.count() + 100);
  EXPECT_EQ(rest_of(reader), Strings{});
  EXPECT_EQ(reader.damaged_bytes(), 0U) << "a place that anybody chose is no damage";
}

TEST_F(SegmentReaderTest, PayloadsLongerThanABufferAreWhole) {
  const Strings payloads = {std::string(kRecordMax, 'a'), "b", std::string(700'000, 'c'),
                            std::string(kRecordMax - 1, 'd')};
  auto reader = reader_of(segment_of(payloads));
  EXPECT_TRUE(rest_of(reader) == payloads);
  EXPECT_EQ(reader.damaged_bytes(), 0U);
}

TEST_F(SegmentReaderTest, EveryFlippedByteCostsOneRecordAtMost) {
  const auto view = segment_of({"one", "two", "three"});
  const std::string bytes = bytes_of(view.path);
  for (std::size_t i = kHead; i < bytes.size(); ++i) {
    flip(view.path, i);
    auto reader = reader_of(view);
    const std::size_t read = rest_of(reader).size();
    EXPECT_EQ(read, 2U) << "byte " << i;
    EXPECT_GE(reader.damaged_bytes(), segments::kFrameSize) << "byte " << i;
    EXPECT_LE(reader.damaged_bytes(), segments::kFrameSize + 5) << "byte " << i;
    write_bytes(view.path, bytes);
  }
}

TEST_F(SegmentReaderTest, AFlippedByteOfTheHeadMakesItNoSegment) {
  const auto view = segment_of({"one"});
  const std::string bytes = bytes_of(view.path);
  for (std::size_t i = 0; i < kHead; ++i) {
    flip(view.path, i);
    const auto reader = SegmentReader::open(view);
    ASSERT_FALSE(reader) << "byte " << i;
    EXPECT_EQ(reader.error().code(), Errc::corrupt);
    EXPECT_NE(reader.error().message().find(view.path), std::string::npos);
    write_bytes(view.path, bytes);
  }
}

TEST_F(SegmentReaderTest, AnEndThatIsTornAnywhereLeavesTheRecordsInFront) {
  auto view = segment_of({"one", "two", "three"});
  const std::size_t third = kHead + 2 * (segments::kFrameSize + 3);
  for (std::size_t size = fs::file_size(view.path) - 1; size > third; --size) {
    fs::resize_file(view.path, size);
    auto reader = reader_of(as_it_is(view));
    EXPECT_EQ(rest_of(reader), (Strings{"one", "two"})) << size;
    EXPECT_EQ(reader.damaged_bytes(), size - third) << size;
  }
  fs::resize_file(view.path, third);
  auto reader = reader_of(as_it_is(view));
  EXPECT_EQ(rest_of(reader).size(), 2U);
  EXPECT_EQ(reader.damaged_bytes(), 0U);
  auto longer = reader_of(view);
  EXPECT_EQ(rest_of(longer).size(), 2U) << "cut after it was listed";
  EXPECT_GT(longer.damaged_bytes(), 0U);
}

TEST_F(SegmentReaderTest, AHeadThatIsNotThereIsCorruptAndAFileThatIsNotIsNotFound) {
  auto view = segment_of({"one"});
  for (std::size_t size = 0; size < kHead; ++size) {
    fs::resize_file(view.path, size);
    const auto reader = SegmentReader::open(as_it_is(view));
    ASSERT_FALSE(reader) << size;
    EXPECT_EQ(reader.error().code(), Errc::corrupt);
  }
  fs::remove(view.path);
  const auto reader = SegmentReader::open(view);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Errc::not_found);
}

TEST_F(SegmentReaderTest, ARunOfForeignBytesIsPassedOver) {
  const auto view = segment_of({"one", "two"});
  const std::string bytes = bytes_of(view.path);
  const std::size_t second = kHead + segments::kFrameSize + 3;
  std::string magic;
  segments::put_number(magic, segments::kRecordMagic);
  std::string foreign(600'000, '\0');
  for (std::size_t i = 0; i < foreign.size(); i += 1000) foreign.replace(i, 4, magic);
  write_bytes(view.path, bytes.substr(0, second) + foreign + bytes.substr(second));
  auto reader = reader_of(as_it_is(view));
  EXPECT_EQ(rest_of(reader), (Strings{"one", "two"}));
  EXPECT_EQ(reader.damaged_bytes(), foreign.size());
}

TEST_F(SegmentReaderTest, APayloadThatLooksLikeARecordIsNone) {
  std::string forged;
  frame_record(forged, at(0), "forged");
  auto reader = reader_of(segment_of({forged, "two"}));
  EXPECT_EQ(rest_of(reader), (Strings{forged, "two"}));
}

TEST_F(SegmentReaderTest, TimesThatNoClockHasAreTheNearest) {
  EXPECT_LE(segments::as_wall_time(std::numeric_limits<std::int64_t>::max()), WallTime::max());
  EXPECT_GE(segments::as_wall_time(std::numeric_limits<std::int64_t>::min()), WallTime::min());
  EXPECT_EQ(segments::as_wall_time(1'700'000'000'000'000), at(0));
}

TEST_F(SegmentReaderTest, AFolderInAFilesPlaceIsAnError) {
  auto view = segment_of({"one"});
  fs::remove(view.path);
  fs::create_directory(view.path);
  const auto reader = SegmentReader::open(view);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code(), Errc::os);
  EXPECT_NE(reader.error().message().find(view.path), std::string::npos);
}

}  // namespace
}  // namespace proa::storage
