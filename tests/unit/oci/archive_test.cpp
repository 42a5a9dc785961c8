#include "oci/archive.h"

#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

#include <array>

namespace proa::oci {
namespace {

/// Gives a text in pieces of three bytes, or fails.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::string_view> next() override {
    if (fails) return Error(Errc::os, "the disk is gone");
    const auto piece = std::string_view(text_).substr(at_, 3);
    at_ += piece.size();
    return piece;
  }
  bool fails = false;

 private:
  std::string text_;
  std::size_t at_ = 0;
};

std::string all_of(ByteSource& source) {
  std::string text;
  for (;;) {
    const auto piece = source.next();
    if (!piece || piece.value().empty()) return text;
    text += piece.value();
  }
}

/// How reading a source to its end fails.
std::optional<Error> failure_of(ByteSource& source) {
  for (;;) {
    const auto piece = source.next();
    if (!piece) return piece.error();
    if (piece.value().empty()) return std::nullopt;
  }
}

TEST(HashedSource, GivesTheDigestOfAllBytesWhetherReadOrNot) {
  TextSource text("hello");
  HashedSource hashed(text);
  ASSERT_TRUE(hashed.next());
  EXPECT_EQ(hashed.finish().value(), hex_of("hello"));
}

TEST_F(ArchiveTest, ReadsMembersOfFilesAndOfSources) {
  const std::string bytes = tar_of({{"./a", "one"}, {"/b", "two"}});
  auto file = ArchiveReader::open(write(bytes), Form::any_tar);
  ASSERT_TRUE(file);
  TextSource source(bytes);
  auto stream = ArchiveReader::open(source, Form::tar);
  ASSERT_TRUE(stream);
  for (ArchiveReader* reader : {&file.value(), &stream.value()}) {
    EXPECT_EQ(member_name(reader->next_entry().value()), "a");
    EXPECT_EQ(all_of(*reader), "one");
    EXPECT_EQ(member_name(reader->next_entry().value()), "b");
    EXPECT_EQ(all_of(*reader), "two");
    EXPECT_EQ(reader->next_entry().value(), nullptr);
  }
}

TEST_F(ArchiveTest, UnpacksGzipAndZstdAndTakesPlainBytes) {
  for (const Packing packing : {Packing::none, Packing::gzip, Packing::zstd}) {
    TextSource source(tar_of({{"a", "one"}}, packing));
    auto unpacked = ArchiveReader::open(source, Form::plain_or_packed);
    ASSERT_TRUE(unpacked);
    ASSERT_NE(unpacked.value().next_entry().value(), nullptr);
    auto tar = ArchiveReader::open(unpacked.value(), Form::tar);
    ASSERT_TRUE(tar) << tar.error().message();
    EXPECT_EQ(member_name(tar.value().next_entry().value()), "a");
  }
}

TEST_F(ArchiveTest, KeepsNamesThatAreNoAscii) {
  auto reader = ArchiveReader::open(write(tar_of({{"d\xc3\xa9j\xc3\xa0", ""}})), Form::any_tar);
  EXPECT_EQ(member_name(reader.value().next_entry().value()), "d\xc3\xa9j\xc3\xa0");
}

TEST_F(ArchiveTest, SaysWhatIsWrong) {
  EXPECT_EQ(ArchiveReader::open(folder_ / "none", Form::any_tar).error().code(), Errc::not_found);
  const std::string bytes = tar_of({{"a", std::string(5000, 'x')}});
  auto cut = ArchiveReader::open(write(bytes.substr(0, 2000)), Form::any_tar);
  ASSERT_TRUE(cut.value().next_entry());
  EXPECT_EQ(failure_of(cut.value())->code(), Errc::invalid);
  TextSource source(bytes);
  auto failing = ArchiveReader::open(source, Form::tar);
  ASSERT_TRUE(failing.value().next_entry());
  source.fails = true;
  EXPECT_EQ(failure_of(failing.value())->message(), "the disk is gone");
}

}  // namespace
}  // namespace proa::oci
