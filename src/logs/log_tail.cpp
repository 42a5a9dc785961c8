#include "logs/log_tail.h"

#include "os/file.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace proa::logs {
namespace json = boost::json;
namespace {

constexpr std::chrono::seconds kSaveEvery{1};

/// One of [account, region, name, position].
std::optional<std::pair<GroupKey, LogPosition>> decode_place(const json::value& value) {
  const json::array* parts = value.if_array();
  if (parts == nullptr || parts->size() != 4) return std::nullopt;
  std::array<std::string, 4> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const json::string* text = (*parts)[i].if_string();
    if (text == nullptr) return std::nullopt;
    texts[i].assign(text->data(), text->size());
  }
  const auto position = LogPosition::parse(texts[3]);
  if (!position) return std::nullopt;
  return std::pair(GroupKey{std::move(texts[0]), std::move(texts[1]), std::move(texts[2])},
                   *position);
}

}  // namespace

LogTail::LogTail(LogKeeper& keeper, std::filesystem::path file, Clock& clock, telemetry::Logger log)
    : keeper_(keeper), file_(std::move(file)), clock_(clock), log_(std::move(log)) {
  if (load()) return;
  delivered_ = keeper_.ends();
  is_unsaved_ = true;
}

LogTail::~LogTail() {
  if (is_unsaved_) save();
}

bool LogTail::load() {
  const auto text = os::read_file(file_);
  if (!text && text.error().code() == Errc::not_found) return false;
  json::error_code failed;
  const json::value places = text ? json::parse(text.value(), failed) : json::value();
  bool is_whole = text && !failed && places.is_array();
  if (is_whole) {
    for (const json::value& value : places.get_array()) {
      auto place = decode_place(value);
      is_whole = is_whole && place.has_value();
      if (place) delivered_.insert(std::move(*place));
    }
  }
  if (is_whole) return true;
  const std::string reason = text ? "is no list of places" : text.error().message();
  log_.warn("log_export_begins_anew", {{"file", file_.string()}, {"reason", reason}});
  return false;
}

void LogTail::save() {
  json::array places;
  for (const auto& [group, position] : delivered_) {
    places.push_back(json::array{group.account_id, group.region, group.name, position.to_text()});
  }
  const auto saved = os::replace_file(file_, json::serialize(places), 0600);
  is_unsaved_ = !saved;
  save_at_ = clock_.steady_now() + kSaveEvery;
  const bool was_failing = std::exchange(is_failing_, !saved);
  if (!saved && !was_failing) {
    log_.warn("log_export_place_not_saved", {{"reason", saved.error().message()}});
  }
}

Task<TailPage> LogTail::next(Bytes max) {
  CO_TRY(const auto changed, co_await keeper_.changed_groups());
  for (const GroupKey& group : changed) {
    if (is_waiting_.insert(group).second) waiting_.push_back(group);
  }
  // A page that was not delivered comes again.
  for (const auto& [group, position] : read_) {
    if (is_waiting_.insert(group).second) waiting_.push_back(group);
  }
  read_.clear();
  TailPage page;
  std::uint64_t room = max.count();
  // A group with more goes to the end, so that one that prints much does not keep others waiting.
  std::size_t rounds = waiting_.size();
  for (; rounds > 0 && room > 0; --rounds) {
    const GroupKey group = waiting_.front();
    CO_TRY(const bool is_end, co_await read_group(group, Bytes(room), page));
    waiting_.pop_front();
    if (is_end) {
      is_waiting_.erase(group);
    } else {
      waiting_.push_back(group);
    }
    if (page.groups.empty() || page.groups.back().group != group) continue;
    std::uint64_t taken = 0;
    for (const LogEvent& event : page.groups.back().events) taken += event.message.size();
    room -= std::min(room, taken);
  }
  page.has_more = !waiting_.empty();
  co_return page;
}

Task<bool> LogTail::read_group(const GroupKey& group, Bytes room, TailPage& page) {
  LogQuery query;
  query.group = group;
  query.max_bytes = room;
  const auto known = delivered_.find(group);
  if (known != delivered_.end()) query.after = known->second;
  auto found = co_await keeper_.read(std::move(query));
  // Its first write failed: there is nothing in it.
  if (!found && found.error().code() == Errc::not_found) co_return true;
  if (!found) co_return found.error();
  read_[group] = found.value().next;
  if (!found.value().events.empty())
    page.groups.push_back({group, std::move(found.value().events)});
  co_return found.value().is_end;
}

void LogTail::delivered() {
  for (const auto& [group, position] : read_) {
    auto& place = delivered_[group];
    is_unsaved_ = is_unsaved_ || place != position;
    place = position;
  }
  read_.clear();
  if (is_unsaved_ && clock_.steady_now() >= save_at_) save();
}

}  // namespace proa::logs
