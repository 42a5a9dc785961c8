#include "os/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace proa::os {
namespace {

using namespace std::chrono_literals;

/// A file with `text`, as a kernel file would read.
UniqueFd file_of(const std::string& text) {
  UniqueFd fd(::memfd_create("kernel file", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return fd;
}

void set_text(int fd, const std::string& text) {
  ASSERT_EQ(::ftruncate(fd, 0), 0);
  ASSERT_EQ(::pwrite(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
}

std::string text_of(int fd) {
  std::string text(64, '\0');
  text.resize(static_cast<std::size_t>(::pread(fd, text.data(), text.size(), 0)));
  return text;
}

CgroupFiles v2_files() {
  CgroupFiles files;
  files.kind = CgroupKind::v2;
  files.freeze = file_of("0");
  files.events = file_of("populated 1\nfrozen 0\n");
  files.kill = file_of("");
  files.memory_usage = file_of("1000\n");
  files.memory_peak = file_of("2000\n");
  files.oom_events = file_of("oom 9\noom_kill 4\n");
  files.cpu = file_of("usage_usec 70\n");
  return files;
}

std::vector<UniqueFd> duplicates(const CgroupFiles& files) {
  std::vector<UniqueFd> fds;
  for (const int fd : files.fds()) fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  return fds;
}

TEST(CgroupFiles, ArriveAsTheyWereSentWithEveryCombinationOfMissingOnes) {
  for (unsigned mask = 0; mask < 256; ++mask) {
    CgroupFiles files;
    files.kind = CgroupKind::hybrid;
    std::array<UniqueFd*, 8> members = {&files.freeze,       &files.events,      &files.kill,
                                        &files.memory_usage, &files.memory_peak, &files.oom_events,
                                        &files.cpu,          &files.processors};
    for (std::size_t i = 0; i < members.size(); ++i) {
      if ((mask >> i & 1U) != 0) *members[i] = file_of(std::to_string(i));
    }
    auto arrived = CgroupFiles::from_fds(files.shape(), duplicates(files));
    ASSERT_TRUE(arrived) << mask;
    EXPECT_EQ(arrived.value().shape(), files.shape());
    EXPECT_EQ(arrived.value().kind, CgroupKind::hybrid);
    if (arrived.value().cpu) {
      EXPECT_EQ(text_of(arrived.value().cpu.get()), "6");
    }
    if (arrived.value().kill) {
      EXPECT_EQ(text_of(arrived.value().kill.get()), "2");
    }
  }
}

TEST(CgroupFiles, OfAShapeThatIsNoneOfOursAreRefused) {
  const auto files = v2_files();
  const std::uint32_t shape = files.shape();
  EXPECT_EQ(CgroupFiles::from_fds(9, {}).error().code(), Errc::corrupt);
  EXPECT_EQ(CgroupFiles::from_fds(shape | 1U << 16U, duplicates(files)).error().code(),
            Errc::corrupt);
  EXPECT_EQ(CgroupFiles::from_fds(shape, {}).error().code(), Errc::corrupt);
  auto more = duplicates(files);
  more.push_back(file_of(""));
  EXPECT_EQ(CgroupFiles::from_fds(shape, std::move(more)).error().code(), Errc::corrupt);
  auto closed = duplicates(files);
  closed[2].reset();
  EXPECT_EQ(CgroupFiles::from_fds(shape, std::move(closed)).error().code(), Errc::corrupt);
}

TEST(CgroupControl, ReadsItsFilesAndCountsFromWhereItBegan) {
  auto files = v2_files();
  const int oom = files.oom_events.get();
  const int cpu = files.cpu.get();
  auto control = CgroupControl::open(std::move(files)).value();
  EXPECT_EQ(control.memory_usage().value(), Bytes(1000));
  EXPECT_EQ(control.memory_peak().value(), Bytes(2000));
  EXPECT_EQ(control.oom_kills().value(), 0U);
  set_text(oom, "oom 9\noom_kill 6\n");
  EXPECT_EQ(control.oom_kills().value(), 2U);
  set_text(cpu, "usage_usec 1070\n");
  EXPECT_EQ(control.cpu_time().value(), 1000us);
  set_text(cpu, "usage_usec 1\n");  // counted anew: never a negative time
  EXPECT_EQ(control.cpu_time().value(), 0us);
}

TEST(CgroupControl, KeysAreWholeWordsAtTheBeginningOfALine) {
  auto files = v2_files();
  const int oom = files.oom_events.get();
  const int events = files.events.get();
  auto control = CgroupControl::open(std::move(files)).value();
  set_text(oom, "local_oom_kill 70\noom_killed 80\noom_kill 5");
  EXPECT_EQ(control.oom_kills().value(), 1U);
  set_text(oom, "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");  // as v1 has it
  EXPECT_EQ(control.oom_kills().value(), 3U);
  set_text(events, "frozen 0\n");
  EXPECT_EQ(control.is_populated().error().code(), Errc::corrupt);
  set_text(events, "populated yes\n");
  EXPECT_EQ(control.is_populated().error().code(), Errc::corrupt);
  set_text(events, "populated 0\n");
  EXPECT_FALSE(control.is_populated().value());
}

TEST(CgroupControl, BeginsToFreezeWithoutWaitingAndThawTakesItBack) {
  auto files = v2_files();
  const int freeze = files.freeze.get();
  auto control = CgroupControl::open(std::move(files)).value();
  EXPECT_TRUE(control.begin_freeze());
  EXPECT_EQ(text_of(freeze), "1");
  EXPECT_TRUE(control.thaw());
  EXPECT_EQ(text_of(freeze), "0");
}

TEST(CgroupControl, FreezesByOneWriteAndWaitsForTheEvent) {
  auto files = v2_files();
  const int freeze = files.freeze.get();
  const int events = files.events.get();
  auto control = CgroupControl::open(std::move(files)).value();
  const auto late = control.freeze(std::chrono::steady_clock::now() + 3ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Errc::deadline);
  EXPECT_EQ(text_of(freeze), "1");
  set_text(events, "populated 1\nfrozen 1\n");
  EXPECT_TRUE(control.freeze(std::chrono::steady_clock::now()));
  EXPECT_TRUE(control.thaw());
  EXPECT_EQ(text_of(freeze), "0");
}

TEST(CgroupControl, SpeaksTheFilesOfVersion1) {
  CgroupFiles files;
  files.kind = CgroupKind::v1;
  files.freeze = file_of("FREEZING\n");
  files.events = file_of("2\n");
  files.cpu = file_of("5000000\n");
  const int freeze = files.freeze.get();
  auto control = CgroupControl::open(std::move(files)).value();
  EXPECT_TRUE(control.can_freeze());
  EXPECT_FALSE(control.can_kill());
  EXPECT_TRUE(control.is_populated().value());
  EXPECT_TRUE(control.freeze(std::chrono::steady_clock::now() + 5s));
  EXPECT_TRUE(text_of(freeze).starts_with("FROZEN"));
  EXPECT_TRUE(control.thaw());
  EXPECT_TRUE(text_of(freeze).starts_with("THAWED"));
  EXPECT_EQ(control.cpu_time().value(), 0us);
}

TEST(CgroupControl, OfAHostWithoutControlGroupsSaysUnsupportedToEverything) {
  auto control = CgroupControl::open(CgroupFiles()).value();
  EXPECT_FALSE(control.can_freeze());
  EXPECT_EQ(control.freeze(std::chrono::steady_clock::now()).error().code(), Errc::unsupported);
  EXPECT_EQ(control.thaw().error().code(), Errc::unsupported);
  EXPECT_EQ(control.kill().error().code(), Errc::unsupported);
  EXPECT_EQ(control.memory_usage().error().code(), Errc::unsupported);
  EXPECT_EQ(control.memory_peak().value(), std::nullopt);
  EXPECT_EQ(control.oom_kills().error().code(), Errc::unsupported);
  EXPECT_EQ(control.cpu_time().error().code(), Errc::unsupported);
  EXPECT_EQ(control.is_populated().error().code(), Errc::unsupported);
}

}  // namespace
}  // namespace proa::os
