#include "logs/groups.h"

#include "base/encoding.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

namespace proa::logs {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

/// A folder's name has 255 bytes at most.
constexpr std::size_t kPlainNameMax = 200;
constexpr std::size_t kOpenFilesMax = 64;
constexpr auto kComplainOfGroupsEvery = std::chrono::seconds(60);

std::string about_text(const GroupKey& key) {
  json::object about;
  about["kind"] = "function log";
  about["account_id"] = key.account_id;
  about["region"] = key.region;
  about["log_group"] = key.name;
  return json::serialize(about);
}

/// The group's name as a segment's head tells it.
Result<std::string> name_in_head(const fs::path& folder) {
  TRY(auto log, storage::SegmentLog::open(folder, {}, {}));
  if (log.segments().empty()) return Error(Errc::not_found, folder.string() + ": is empty");
  for (const storage::SegmentView& view : log.segments()) {
    auto reader = storage::SegmentReader::open(view);
    if (!reader) continue;
    boost::system::error_code failed;
    const auto about = json::parse(json::string_view(reader.value().about()), failed);
    const auto* object = failed ? nullptr : about.if_object();
    const auto* name = object == nullptr ? nullptr : object->if_contains("log_group");
    if (name != nullptr && name->is_string()) return std::string(name->as_string());
  }
  return Error(Errc::corrupt, folder.string() + ": no segment tells which log group this is");
}

WallTime made_at(const fs::path& folder, WallTime otherwise) {
  struct statx status {};
  const int failed = ::statx(AT_FDCWD, folder.c_str(), 0, STATX_BTIME, &status);
  if (failed != 0 || (status.stx_mask & STATX_BTIME) == 0) return otherwise;
  return WallTime(std::chrono::seconds(status.stx_btime.tv_sec) +
                  std::chrono::microseconds(status.stx_btime.tv_nsec / 1000));
}

template <class Each>
Result<void> for_each_folder(const fs::path& folder, Each&& each) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return ok();
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->is_directory(error)) each(entries->path());
  }
  if (error) return Error(Errc::os, folder.string() + ": cannot be listed", error.value());
  return ok();
}

}  // namespace

std::string folder_name(std::string_view group) {
  std::string out = "g";
  for (const char c : group.substr(0, kPlainNameMax)) {
    out.push_back(c == '/' ? '=' : c == '#' ? '@' : c);
  }
  if (group.size() > kPlainNameMax) {
    const auto digest = sha256(group);
    out.append("~").append(to_hex(std::span(digest).first(16)));
  }
  return out;
}

std::optional<std::string> group_of_folder(std::string_view folder) {
  if (folder.size() < 2 || folder.front() != 'g' || folder.find('~') != folder.npos) {
    return std::nullopt;
  }
  std::string out(folder.substr(1));
  for (char& c : out) c = c == '=' ? '/' : c == '@' ? '#' : c;
  return out;
}

Result<void> Groups::open() {
  return for_each_folder(options_.folder, [this](const fs::path& account) {
    auto listed = open_account(account);
    if (!listed) log_.error("logs_not_listed", {{"reason", listed.error().message()}});
  });
}

Result<void> Groups::open_account(const fs::path& folder) {
  return for_each_folder(folder, [&](const fs::path& region) {
    auto listed = for_each_folder(region, [&](const fs::path& group) {
      open_group(group, {folder.filename(), region.filename(), {}});
    });
    if (!listed) log_.error("logs_not_listed", {{"reason", listed.error().message()}});
  });
}

void Groups::open_group(const fs::path& folder, GroupKey key) {
  Result<std::string> name = std::string();
  const auto plain = group_of_folder(std::string(folder.filename()));
  if (plain) {
    name = *plain;
  } else {
    name = name_in_head(folder);
  }
  if (!name && name.error().code() == Errc::not_found) return;  // all of it was too old
  if (!name) return log_.error("log_group_left_out", {{"reason", name.error().message()}});
  key.name = std::move(name.value());
  if (folder.filename() != folder_name(key.name)) {
    const std::string reason = folder.string() + ": is a copy of another log group's";
    return log_.error("log_group_left_out", {{"reason", reason}});
  }
  auto log = storage::SegmentLog::open(folder, about_text(key), {options_.segment_max});
  if (!log) return log_.error("log_group_left_out", {{"reason", log.error().message()}});
  const auto& segments = log.value().segments();
  const WallTime first = segments.empty() ? WallTime() : segments.front().first;
  LogPosition end;
  if (!segments.empty()) end = {segments.back().number, segments.back().size.count(), 0};
  const Bytes size = log.value().size();
  Group group{key, std::move(log.value()), made_at(folder, first), WallTime(), end};
  groups_.emplace(std::move(key), std::move(group));
  stored_ = Bytes(stored_.count() + size.count());
}

Group* Groups::find(const GroupKey& key) {
  const auto found = groups_.find(key);
  return found == groups_.end() ? nullptr : &found->second;
}

Result<Group*> Groups::find_or_make(const GroupKey& key, WallTime now) {
  if (Group* found = find(key)) return found;
  const fs::path folder = options_.folder / key.account_id / key.region / folder_name(key.name);
  TRY(auto log, storage::SegmentLog::open(folder, about_text(key), {options_.segment_max}));
  const auto made = groups_.emplace(key, Group{key, std::move(log), now, WallTime(), {}});
  return &made.first->second;
}

void Groups::note_written(Group& group, Bytes before) {
  stored_ = Bytes(stored_.count() + group.log.size().count() - before.count());
  std::erase(open_files_, &group);
  open_files_.push_back(&group);
  if (open_files_.size() <= kOpenFilesMax) return;
  open_files_.front()->log.close_file();
  open_files_.erase(open_files_.begin());
}

void Groups::trim(WallTime now) {
  const auto warn = [this, now](const auto& removed) {
    // Where nothing can be removed, every write comes here.
    const bool is_due = now >= last_complaint_ + kComplainOfGroupsEvery || now < last_complaint_;
    if (!removed && is_due) {
      last_complaint_ = now;
      log_.error("log_not_trimmed", {{"reason", removed.error().message()}});
    }
    return removed.has_value();
  };
  std::uint64_t stored = 0;
  for (auto& [key, group] : groups_) {
    warn(group.log.remove_older_than(now - options_.age_max));
    stored += group.log.size().count();
  }
  while (stored > options_.stored_max.count()) {  // then there is a segment with bytes
    const auto largest = std::max_element(
        groups_.begin(), groups_.end(),
        [](const auto& a, const auto& b) { return a.second.log.size() < b.second.log.size(); });
    const auto removed = largest->second.log.remove_oldest();
    if (!warn(removed)) break;
    stored -= removed.value().count();
  }
  stored_ = Bytes(stored);
}

}  // namespace proa::logs
