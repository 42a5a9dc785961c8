// The embedded WorkQueue: one SQLite file (schema.h), used by one thread.
//
// A commit that must survive a power cut is made with synchronous=FULL: it returns after the fsync
// of the write-ahead log. One that need not is made with NORMAL, which syncs at checkpoints only;
// the log is sequential, so the next FULL commit carries it along.
// https://www.sqlite.org/pragma.html#pragma_synchronous
#include "storage/sqlite/database.h"
#include "storage/sqlite/work_queue_statements.h"
#include "storage/storage.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace proa::storage {
namespace {

using sqlite::Connection;
using sqlite::Statement;
using sqlite::StatementUse;
using sqlite::Transaction;

constexpr std::uint64_t kAll = std::numeric_limits<std::int64_t>::max();

WallTime time_of(std::uint64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

std::uint64_t ms_of(WallTime time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(epoch_ms(time), 0));
}

/// A dead letter's id and size, enough to forget it.
struct DeadSize {
  std::uint64_t id = 0;
  std::uint64_t size = 0;
  WallTime died;
};

class SqliteWorkQueue final : public WorkQueue {
 public:
  SqliteWorkQueue(sqlite::Database database, sqlite::WorkQueueStatements statements)
      : lock_(std::move(database.lock)),
        connection_(std::move(database.connection)),
        statements_(std::move(statements)) {}

  /// What the file holds; items that were taken wait again.
  Result<void> load();

  Result<void> apply(WorkChanges& changes, Durability durability) override;
  Result<std::vector<WorkItem>> take(std::string_view group, WallTime now,
                                     std::size_t max) override;
  Result<std::vector<WorkGroup>> groups() override;
  Result<std::optional<WallTime>> next_due(std::string_view group) override;
  Result<void> hasten(std::chrono::milliseconds by) override {
    return connection_.run("UPDATE item SET due = max(due - " + std::to_string(by.count()) +
                           ", 0) WHERE is_taken = 0");
  }
  WorkCounts counts() const override { return counts_; }
  Result<Bytes> unused() override;
  Result<bool> shrink(Bytes keep) override;
  Result<std::vector<DeadLetter>> dead_letters(std::string_view prefix, std::uint64_t after,
                                               std::size_t max) override;
  Result<DeadLetter> dead_letter(std::uint64_t id) override;
  Result<void> remove_dead_letter(std::uint64_t id) override;
  Result<void> revive(std::uint64_t id, std::string_view head, WallTime due) override;
  Result<std::uint64_t> forget_dead_letters(WallTime before, std::uint64_t bytes_max) override;

 private:
  /// Runs `work` in a transaction; counts_ changes with it or not at all.
  template <class Work>
  Result<void> in_transaction(Durability durability, Work work);
  Result<std::uint64_t> group_id(std::string_view name);
  Result<void> push(WorkChanges::Push& push);
  Result<void> finish(std::uint64_t id);
  Result<void> delay(const WorkChanges::Delay& delay);
  Result<void> give_up(const WorkChanges::GiveUp& given_up);
  Result<void> forget(const DeadSize& letter);
  Result<std::vector<DeadSize>> oldest(std::size_t max);
  Result<std::uint64_t> count(std::string_view sql);
  /// Runs a statement that gives no rows. True: it changed something.
  Result<bool> change(Statement& statement);

  os::UniqueFd lock_;  // first: released last, after the connection is closed
  Connection connection_;
  sqlite::WorkQueueStatements statements_;
  std::unordered_map<std::string, std::uint64_t> group_ids_;
  std::uint64_t last_id_ = 0;
  std::uint64_t page_size_ = 0;
  WorkCounts counts_;
};

Result<std::uint64_t> SqliteWorkQueue::count(std::string_view sql) {
  TRY(auto statement, connection_.prepare(sql));
  TRY(const bool has_row, statement.step());
  return has_row ? statement.number(0) : 0;
}

Result<void> SqliteWorkQueue::load() {
  TRY(
      connection_.run("UPDATE item SET is_taken = 0, interruptions = interruptions + 1"
                      " WHERE is_taken = 1"));
  // Names that nothing uses any more.
  TRY(
      connection_.run("DELETE FROM work_group WHERE id NOT IN (SELECT work_group FROM item)"
                      " AND id NOT IN (SELECT work_group FROM dead_letter)"));
  TRY(auto names, connection_.prepare("SELECT id, name FROM work_group"));
  for (;;) {
    TRY(const bool has_row, names.step());
    if (!has_row) break;
    group_ids_.emplace(names.bytes(1), names.number(0));
  }
  TRY(page_size_, count("PRAGMA page_size"));
  TRY(last_id_, count("SELECT id FROM last_id"));
  TRY(counts_.waiting, count("SELECT count(*) FROM item"));
  TRY(counts_.dead_letters, count("SELECT count(*) FROM dead_letter"));
  TRY(counts_.dead_letter_bytes, count("SELECT coalesce(sum(size), 0) FROM dead_letter"));
  return ok();
}

template <class Work>
Result<void> SqliteWorkQueue::in_transaction(Durability durability, Work work) {
  const bool is_on_disk = durability == Durability::on_disk;
  TRY(connection_.run(is_on_disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  const WorkCounts before = counts_;
  const std::uint64_t last_id_before = last_id_;
  const auto run = [&]() -> Result<void> {
    TRY(auto transaction, Transaction::begin(connection_));
    TRY(work());
    return transaction.commit();
  };
  auto done = run();
  if (!done) {
    counts_ = before;
    last_id_ = last_id_before;
    group_ids_.clear();  // some may have been made in it
  }
  return done;
}

Result<bool> SqliteWorkQueue::change(Statement& statement) {
  TRY(const bool has_row, statement.step());
  if (!has_row) return false;
  TRY(statement.step());  // to the end: an unfinished statement would keep the transaction open
  return true;
}

Result<std::uint64_t> SqliteWorkQueue::group_id(std::string_view name) {
  const auto found = group_ids_.find(std::string(name));
  if (found != group_ids_.end()) return found->second;
  StatementUse add(statements_.add_group);
  add->bind(1, name);
  TRY(add->step());
  const std::uint64_t id = add->number(0);
  TRY(add->step());
  group_ids_.emplace(name, id);
  return id;
}

Result<void> SqliteWorkQueue::apply(WorkChanges& changes, Durability durability) {
  return in_transaction(durability, [&]() -> Result<void> {
    for (auto& pushed : changes.pushed) {
      TRY(push(pushed));
    }
    if (!changes.pushed.empty()) {
      StatementUse last(statements_.set_last_id);
      last->bind(1, last_id_);
      TRY(last->step());
    }
    for (const std::uint64_t id : changes.finished) {
      TRY(finish(id));
    }
    for (const auto& delayed : changes.delayed) {
      TRY(delay(delayed));
    }
    for (const auto& given_up : changes.given_up) {
      TRY(give_up(given_up));
    }
    return ok();
  });
}

Result<void> SqliteWorkQueue::push(WorkChanges::Push& push) {
  WorkItem& item = push.item;
  TRY(const auto group, group_id(item.group));
  item.id = ++last_id_;
  StatementUse statement(statements_.push);
  statement->bind(1, item.id);
  statement->bind(2, group);
  statement->bind(3, ms_of(item.due));
  statement->bind(4, std::uint64_t{push.is_taken ? 1U : 0U});
  statement->bind(5, item.head);
  TRY(statement->step());
  StatementUse body(statements_.push_body);
  body->bind(1, item.id);
  body->bind(2, item.body);
  TRY(body->step());
  ++(push.is_taken ? counts_.taken : counts_.waiting);
  return ok();
}

Result<void> SqliteWorkQueue::finish(std::uint64_t id) {
  StatementUse statement(statements_.finish);
  statement->bind(1, id);
  TRY(const bool was_there, change(statements_.finish));
  if (!was_there) return ok();
  --counts_.taken;
  StatementUse body(statements_.drop_body);
  body->bind(1, id);
  TRY(body->step());
  return ok();
}

Result<void> SqliteWorkQueue::delay(const WorkChanges::Delay& delay) {
  StatementUse statement(statements_.delay);
  statement->bind(1, delay.id);
  statement->bind(2, ms_of(delay.due));
  statement->bind(3, delay.head);
  TRY(const bool was_there, change(statements_.delay));
  if (!was_there) return ok();
  --counts_.taken;
  ++counts_.waiting;
  return ok();
}

Result<void> SqliteWorkQueue::give_up(const WorkChanges::GiveUp& given_up) {
  std::uint64_t size = 0;
  {
    StatementUse statement(statements_.bury);
    statement->bind(1, given_up.id);
    statement->bind(2, ms_of(given_up.died));
    statement->bind(3, given_up.head);
    TRY(const bool was_there, statement->step());
    if (!was_there) return ok();
    size = statement->number(0);
    TRY(statement->step());
  }
  StatementUse forget(statements_.forget_item);
  forget->bind(1, given_up.id);
  TRY(forget->step());
  --counts_.taken;
  ++counts_.dead_letters;
  counts_.dead_letter_bytes += size;
  return ok();
}

Result<std::vector<WorkItem>> SqliteWorkQueue::take(std::string_view group, WallTime now,
                                                    std::size_t max) {
  std::vector<WorkItem> items;
  TRY(in_transaction(Durability::in_file, [&]() -> Result<void> {
    TRY(const auto id, group_id(group));
    {
      StatementUse statement(statements_.take);
      statement->bind(1, id);
      statement->bind(2, ms_of(now));
      statement->bind(3, std::uint64_t{max});
      for (;;) {
        TRY(const bool has_row, statement->step());
        if (!has_row) break;
        WorkItem item;
        item.id = statement->number(0);
        item.group = group;
        item.due = time_of(statement->number(1));
        item.interruptions = static_cast<std::uint32_t>(statement->number(2));
        item.head = statement->bytes(3);
        item.body = statement->bytes(4);
        items.push_back(std::move(item));
      }
    }
    for (const auto& item : items) {
      StatementUse mark(statements_.mark_taken);
      mark->bind(1, item.id);
      TRY(mark->step());
    }
    counts_.waiting -= items.size();
    counts_.taken += items.size();
    return ok();
  }));
  return items;
}

Result<std::vector<WorkGroup>> SqliteWorkQueue::groups() {
  StatementUse statement(statements_.groups);
  std::vector<WorkGroup> groups;
  for (;;) {
    TRY(const bool has_row, statement->step());
    if (!has_row) return groups;
    WorkGroup group;
    group.name = statement->bytes(0);
    group.waiting = statement->number(1);
    group.next_due = time_of(statement->number(2));
    groups.push_back(std::move(group));
  }
}

Result<std::optional<WallTime>> SqliteWorkQueue::next_due(std::string_view group) {
  const auto id = group_ids_.find(std::string(group));
  if (id == group_ids_.end()) {
    TRY(group_id(group));
    return next_due(group);
  }
  StatementUse statement(statements_.next_due);
  statement->bind(1, id->second);
  TRY(const bool has_row, statement->step());
  if (!has_row) return std::optional<WallTime>();
  return std::optional<WallTime>(time_of(statement->number(0)));
}

Result<Bytes> SqliteWorkQueue::unused() {
  TRY(const auto pages, count("PRAGMA freelist_count"));
  return Bytes(pages * page_size_);
}

Result<bool> SqliteWorkQueue::shrink(Bytes keep) {
  TRY(const auto before, unused());
  if (before <= keep) return false;
  TRY(connection_.run("PRAGMA synchronous = NORMAL; PRAGMA incremental_vacuum(1024)"));
  TRY(const auto after, unused());
  return keep < after && after < before;
}

DeadLetter read_dead_letter(const Statement& row) {
  DeadLetter letter;
  letter.id = row.number(0);
  letter.group = row.bytes(1);
  letter.died = time_of(row.number(2));
  letter.size = row.number(3);
  letter.head = row.bytes(4);
  return letter;
}

Result<std::vector<DeadLetter>> SqliteWorkQueue::dead_letters(std::string_view prefix,
                                                              std::uint64_t after,
                                                              std::size_t max) {
  // Names that begin with the prefix are those from it to below its successor.
  const std::string above = std::string(prefix) + "\xFF";
  StatementUse statement(statements_.dead_letters);
  statement->bind(1, std::min(after, kAll));
  statement->bind(2, prefix);
  statement->bind(3, above);
  statement->bind(4, std::uint64_t{max});
  std::vector<DeadLetter> letters;
  for (;;) {
    TRY(const bool has_row, statement->step());
    if (!has_row) return letters;
    letters.push_back(read_dead_letter(*statement.operator->()));
  }
}

Result<DeadLetter> SqliteWorkQueue::dead_letter(std::uint64_t id) {
  StatementUse statement(statements_.dead_letter);
  statement->bind(1, std::min(id, kAll));
  TRY(const bool has_row, statement->step());
  if (!has_row) {
    return Error(Errc::not_found, "There is no dead letter " + std::to_string(id) + ".");
  }
  DeadLetter letter = read_dead_letter(*statement.operator->());
  letter.body = statement->bytes(5);
  return letter;
}

Result<void> SqliteWorkQueue::remove_dead_letter(std::uint64_t id) {
  TRY(const auto letter, dead_letter(id));
  return in_transaction(Durability::on_disk, [&] {
    return forget(DeadSize{letter.id, letter.size, letter.died});
  });
}

Result<void> SqliteWorkQueue::revive(std::uint64_t id, std::string_view head, WallTime due) {
  TRY(const auto letter, dead_letter(id));
  return in_transaction(Durability::on_disk, [&]() -> Result<void> {
    TRY(const auto group, group_id(letter.group));
    StatementUse statement(statements_.revive);
    statement->bind(1, letter.id);
    statement->bind(2, group);
    statement->bind(3, ms_of(due));
    statement->bind(4, head);
    TRY(statement->step());
    StatementUse forget(statements_.forget_dead_letter);
    forget->bind(1, letter.id);
    TRY(forget->step());
    ++counts_.waiting;
    --counts_.dead_letters;
    counts_.dead_letter_bytes -= letter.size;
    return ok();
  });
}

Result<void> SqliteWorkQueue::forget(const DeadSize& letter) {
  StatementUse statement(statements_.forget_dead_letter);
  statement->bind(1, letter.id);
  TRY(statement->step());
  StatementUse body(statements_.drop_body);
  body->bind(1, letter.id);
  TRY(body->step());
  --counts_.dead_letters;
  counts_.dead_letter_bytes -= letter.size;
  return ok();
}

Result<std::vector<DeadSize>> SqliteWorkQueue::oldest(std::size_t max) {
  StatementUse statement(statements_.oldest_dead_letters);
  statement->bind(1, std::uint64_t{max});
  std::vector<DeadSize> letters;
  for (;;) {
    TRY(const bool has_row, statement->step());
    if (!has_row) return letters;
    letters.push_back(
        DeadSize{statement->number(0), statement->number(1), time_of(statement->number(2))});
  }
}

Result<std::uint64_t> SqliteWorkQueue::forget_dead_letters(WallTime before,
                                                           std::uint64_t bytes_max) {
  constexpr std::size_t kAtOnce = 32;  // each may have a megabyte and more
  TRY(const auto letters, oldest(kAtOnce));
  std::uint64_t forgotten = 0;
  TRY(in_transaction(Durability::in_file, [&]() -> Result<void> {
    for (const auto& letter : letters) {
      if (letter.died >= before && counts_.dead_letter_bytes <= bytes_max) break;
      TRY(forget(letter));
      ++forgotten;
    }
    return ok();
  }));
  return forgotten;
}

}  // namespace

Result<std::unique_ptr<WorkQueue>> open_sqlite_queue(const std::filesystem::path& file) {
  TRY(auto opened, sqlite::open_database(file, sqlite::work_queue_schema()));
  // The log shrinks after a large batch. What is deleted is overwritten where that costs no page
  // more: Debian's default writes every page of a body once more when its event has ended.
  TRY(opened.connection.run("PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = FAST"));
  TRY(auto statements, sqlite::prepare_work_queue(opened.connection));
  auto queue = std::make_unique<SqliteWorkQueue>(std::move(opened), std::move(statements));
  TRY(queue->load());
  return std::unique_ptr<WorkQueue>(std::move(queue));
}

}  // namespace proa::storage
