#include "logs/log_tail.h"

#include "unit/logs/keeper_fixture.h"

namespace proa::logs {
namespace {

class LogTailTest : public KeeperFixture {
 protected:
  void TearDown() override {
    tail_.reset();
    KeeperFixture::TearDown();
  }
  void open_tail() {
    tail_.reset();
    tail_ = std::make_unique<LogTail>(*keeper_, folder_ / "exported.json", clock_,
                                      telemetry::Logger(output_, "otlp"));
  }
  /// As a start of the daemon with --otlp-endpoint.
  void restart() {
    tail_.reset();
    start();
    open_tail();
  }
  TailPage next(Bytes max = Bytes::mib(1)) {
    auto page = await(tail_->next(max));
    EXPECT_TRUE(page) << page.error().message();
    return page ? std::move(page.value()) : TailPage();
  }
  /// Messages of a page, by group, without their newlines.
  static std::map<std::string, Strings> by_group(const TailPage& page) {
    std::map<std::string, Strings> out;
    for (const auto& [group, events] : page.groups) {
      for (const LogEvent& event : events) {
        out[group.name].push_back(event.message.substr(0, event.message.find('\n')));
      }
    }
    return out;
  }
  using ByGroup = std::map<std::string, Strings>;

  std::unique_ptr<LogTail> tail_;
};

TEST_F(LogTailTest, GivesWhatIsWrittenFromNowOnOnce) {
  line("/a", "before");
  settle(1);
  open_tail();
  EXPECT_TRUE(next().groups.empty());
  tail_->delivered();
  line("/a", "one");
  line("/new", "two");
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"one"}}, {"/new", {"two"}}}));
  tail_->delivered();
  EXPECT_TRUE(next().groups.empty());
}

TEST_F(LogTailTest, APageThatWasNotDeliveredComesAgain) {
  open_tail();
  line("/a", "one");
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"one"}}}));
  line("/b", "two");
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"one"}}, {"/b", {"two"}}}));
  tail_->delivered();
  EXPECT_TRUE(next().groups.empty());
}

TEST_F(LogTailTest, ARestartGoesOnBehindWhatWasDelivered) {
  open_tail();
  line("/a", "one");
  (void)next();
  tail_->delivered();
  line("/a", "two");
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"two"}}}));  // and is not delivered
  restart();
  line("/b", "three");
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"two"}}, {"/b", {"three"}}}));
}

TEST_F(LogTailTest, WhatWasWrittenWithoutItComesWhenItIsBack) {
  open_tail();
  (void)next();
  tail_->delivered();
  tail_.reset();
  line("/a", "meanwhile");
  settle(1);
  restart();
  EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"meanwhile"}}}));
}

TEST_F(LogTailTest, MuchComesInPagesAndKeepsNoOtherGroupWaiting) {
  open_tail();
  const std::string text(1000, 'x');
  for (int i = 0; i < 100; ++i) line("/much", text);
  line("/other", "little");
  settle(101);
  std::size_t much = 0;
  std::size_t pages = 0;
  std::size_t little_at = 0;
  for (bool has_more = true; has_more; ++pages) {
    const TailPage page = next(Bytes(10'000));
    tail_->delivered();
    has_more = page.has_more;
    const auto groups = by_group(page);
    if (groups.contains("/other")) little_at = pages;
    if (groups.contains("/much")) much += groups.at("/much").size();
  }
  EXPECT_EQ(much, 100U);
  EXPECT_GE(pages, 10U);
  EXPECT_LE(little_at, 1U);
}

TEST_F(LogTailTest, WhatItsLimitsRemoveIsPassedOver) {
  options_.logs_max = Bytes::kib(64);
  options_.segment_max = Bytes::kib(16);
  start();
  open_tail();
  const std::string text(1000, 'x');
  for (std::uint64_t i = 1; i <= 200; ++i) {
    line("/a", text);
    if (i % 10 == 0) settle(i);
  }
  std::size_t count = 0;
  for (bool has_more = true; has_more;) {
    const TailPage page = next();
    tail_->delivered();
    has_more = page.has_more;
    for (const auto& group : page.groups) count += group.events.size();
  }
  EXPECT_GT(count, 10U);
  EXPECT_LT(count, 100U);
}

TEST_F(LogTailTest, AFileThatIsNoListOfPlacesIsNamedAndBegunAnew) {
  for (const char* text : {"", "{", "{}", "[1]", R"([["1","2","3"]])", R"([["a","b","c","d"]])",
                           R"([["a","b","c",4]])"}) {
    write_bytes(folder_ / "exported.json", text);
    const std::size_t told = lines_.count("log_export_begins_anew");
    open_tail();
    EXPECT_EQ(lines_.count("log_export_begins_anew"), told + 1) << text;
    line("/a", "one");
    EXPECT_EQ(by_group(next()), (ByGroup{{"/a", {"one"}}})) << text;
    tail_->delivered();
  }
}

TEST_F(LogTailTest, APlaceThatCannotBeSavedIsToldOnce) {
  std::filesystem::create_directories(folder_ / "exported.json" / "in the way");
  for (int i = 0; i < 3; ++i) {
    open_tail();
    line("/a", "one");
    (void)next();
    tail_->delivered();
    line("/a", "two");
    (void)next();
    tail_->delivered();
  }
  tail_.reset();
  EXPECT_EQ(lines_.count("log_export_place_not_saved"), 3U);
}

TEST_F(LogTailTest, EventsTellFunctionTraceAndWhoseLineItIs) {
  open_tail();
  const auto stream = stream_of("/shared");
  writers_[0]->call_began(stream, request_id(7), "Root=1-2-3");
  writers_[0]->output(stream, request_id(7), "printed");
  const TailPage page = next();
  ASSERT_EQ(page.groups.size(), 1U);
  const auto& events = page.groups[0].events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].function, "f");
  EXPECT_EQ(events[0].trace_id, "Root=1-2-3");
  EXPECT_TRUE(events[0].is_platform);
  EXPECT_EQ(events[1].function, "f");
  EXPECT_EQ(events[1].trace_id, "");
  EXPECT_FALSE(events[1].is_platform);
}

}  // namespace
}  // namespace proa::logs
