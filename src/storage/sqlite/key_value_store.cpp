// The embedded KeyValueStore: one SQLite file in WAL mode with synchronous=FULL, so that COMMIT
// returns after the fsync. One connection behind one mutex: SQLite has a single writer anyway,
// reads take microseconds, and callers sit on the blocking pool. The mutex is this file's exception
// to "no mutexes": the interface promises thread safety and blocks by contract.

#include "storage/batch_store.h"
#include "storage/sqlite/database.h"

#include <mutex>
#include <utility>

namespace proa::storage {
namespace {

using sqlite::Connection;
using sqlite::Statement;
using sqlite::StatementUse;
using sqlite::Transaction;

struct Statements {
  Statement get, list, put, remove, next_revision;
};

class SqliteKeyValueStore final : public BatchStore {
 public:
  SqliteKeyValueStore(os::UniqueFd lock, Connection connection, Statements statements)
      : lock_(std::move(lock)),
        connection_(std::move(connection)),
        statements_(std::move(statements)) {}

  Result<Entry> get(std::string_view bucket, std::string_view key) override;
  Result<std::uint64_t> put(std::string_view bucket, std::string_view key,
                            std::string_view value) override;
  Result<std::uint64_t> compare_and_put(std::string_view bucket, std::string_view key,
                                        std::string_view value, std::uint64_t expected) override;
  Result<void> remove(std::string_view bucket, std::string_view key) override;
  Result<std::vector<Entry>> list(std::string_view bucket) override;
  Result<void> write(std::span<const Write> writes) override;

 private:
  Result<Entry> get_locked(std::string_view bucket, std::string_view key);
  Result<std::uint64_t> put_locked(std::string_view bucket, std::string_view key,
                                   std::string_view value);
  Result<void> remove_locked(std::string_view bucket, std::string_view key);

  os::UniqueFd lock_;  // first: released last, after the connection is closed
  std::mutex mutex_;   // guards everything below
  Connection connection_;
  Statements statements_;
};

Result<Entry> SqliteKeyValueStore::get(std::string_view bucket, std::string_view key) {
  const std::lock_guard guard(mutex_);
  return get_locked(bucket, key);
}

Result<std::uint64_t> SqliteKeyValueStore::put(std::string_view bucket, std::string_view key,
                                               std::string_view value) {
  const std::lock_guard guard(mutex_);
  TRY(auto transaction, Transaction::begin(connection_));
  TRY(auto revision, put_locked(bucket, key, value));
  TRY(transaction.commit());
  return revision;
}

Result<std::uint64_t> SqliteKeyValueStore::compare_and_put(std::string_view bucket,
                                                           std::string_view key,
                                                           std::string_view value,
                                                           std::uint64_t expected) {
  const std::lock_guard guard(mutex_);
  TRY(auto transaction, Transaction::begin(connection_));
  auto current = get_locked(bucket, key);
  if (!current && current.error().code() != Errc::not_found) return current.error();
  const std::uint64_t found = current ? current.value().revision : 0;
  if (found != expected) {
    return Error(Errc::conflict, std::string(bucket) + "/" + std::string(key) +
                                     ": is at revision " + std::to_string(found) + ", not " +
                                     std::to_string(expected));
  }
  TRY(auto revision, put_locked(bucket, key, value));
  TRY(transaction.commit());
  return revision;
}

Result<void> SqliteKeyValueStore::remove(std::string_view bucket, std::string_view key) {
  const std::lock_guard guard(mutex_);
  return remove_locked(bucket, key);
}

Result<void> SqliteKeyValueStore::write(std::span<const Write> writes) {
  const std::lock_guard guard(mutex_);
  TRY(auto transaction, Transaction::begin(connection_));
  for (const Write& write : writes) {
    if (write.value) {
      TRY(put_locked(write.bucket, write.key, *write.value));
    } else {
      TRY(remove_locked(write.bucket, write.key));
    }
  }
  return transaction.commit();
}

Result<std::vector<Entry>> SqliteKeyValueStore::list(std::string_view bucket) {
  const std::lock_guard guard(mutex_);
  StatementUse statement(statements_.list);
  statement->bind(1, bucket);
  std::vector<Entry> entries;
  for (;;) {
    TRY(auto has_row, statement->step());
    if (!has_row) return entries;
    Entry entry;
    entry.key = statement->bytes(0);
    entry.value = statement->bytes(1);
    entry.revision = statement->number(2);
    entries.push_back(std::move(entry));
  }
}

Result<Entry> SqliteKeyValueStore::get_locked(std::string_view bucket, std::string_view key) {
  StatementUse statement(statements_.get);
  statement->bind(1, bucket);
  statement->bind(2, key);
  TRY(auto has_row, statement->step());
  if (!has_row) {
    return Error(Errc::not_found, std::string(bucket) + "/" + std::string(key) + ": not found");
  }
  Entry entry;
  entry.key = key;
  entry.value = statement->bytes(0);
  entry.revision = statement->number(1);
  return entry;
}

Result<std::uint64_t> SqliteKeyValueStore::put_locked(std::string_view bucket, std::string_view key,
                                                      std::string_view value) {
  std::uint64_t revision = 0;
  {
    StatementUse next(statements_.next_revision);
    next->bind(1, bucket);
    TRY(next->step());
    revision = next->number(0);
    TRY(next->step());  // to the end: an unfinished statement would keep the transaction open
  }
  StatementUse put(statements_.put);
  put->bind(1, bucket);
  put->bind(2, key);
  put->bind(3, value);
  put->bind(4, revision);
  TRY(put->step());
  return revision;
}

Result<void> SqliteKeyValueStore::remove_locked(std::string_view bucket, std::string_view key) {
  StatementUse statement(statements_.remove);
  statement->bind(1, bucket);
  statement->bind(2, key);
  TRY(statement->step());
  return ok();
}

Result<Statements> prepare(Connection& connection) {
  Statements statements;
  TRY(statements.get,
      connection.prepare("SELECT value, revision FROM entry WHERE bucket = ?1 AND key = ?2"));
  TRY(statements.list,
      connection.prepare("SELECT key, value, revision FROM entry WHERE bucket = ?1 ORDER BY key"));
  TRY(statements.put,
      connection.prepare("INSERT INTO entry (bucket, key, value, revision) VALUES (?1, ?2, ?3, ?4)"
                         " ON CONFLICT (bucket, key) DO UPDATE SET value = ?3, revision = ?4"));
  TRY(statements.remove, connection.prepare("DELETE FROM entry WHERE bucket = ?1 AND key = ?2"));
  TRY(statements.next_revision,
      connection.prepare("INSERT INTO bucket (name, revision) VALUES (?1, 1) ON CONFLICT (name)"
                         " DO UPDATE SET revision = revision + 1 RETURNING revision"));
  return statements;
}

}  // namespace

Result<std::unique_ptr<BatchStore>> open_sqlite_batches(const std::filesystem::path& file) {
  TRY(auto opened, sqlite::open_database(file, sqlite::key_value_schema()));
  TRY(auto statements, prepare(opened.connection));
  return std::unique_ptr<BatchStore>(std::make_unique<SqliteKeyValueStore>(
      std::move(opened.lock), std::move(opened.connection), std::move(statements)));
}

Result<std::unique_ptr<KeyValueStore>> open_sqlite(const std::filesystem::path& file) {
  TRY(auto opened, open_sqlite_batches(file));
  return std::unique_ptr<KeyValueStore>(std::move(opened));
}

}  // namespace proa::storage
