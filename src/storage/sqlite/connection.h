// RAII over one SQLite connection and its prepared statements, with errors as Result.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace proa::storage::sqlite {

/// A prepared statement, used again and again. Owned by whoever prepared it and destroyed before
/// its Connection. Not thread-safe. Bound text must stay alive until reset().
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* connection, sqlite3_stmt* statement, std::string file);

  /// Binds bytes to parameter `index` (from 1) without copying them.
  void bind(int index, std::string_view bytes);
  void bind(int index, std::uint64_t number);
  /// True: a row is there. False: done. Errc: corrupt, exhausted, unavailable (locked), os.
  Result<bool> step();
  /// Bytes of column `index` (from 0), valid until the next step or reset.
  std::string_view bytes(int index) const;
  std::uint64_t number(int index) const;
  /// Ends the running query, so that the next bind and step start afresh.
  void reset();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* connection_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string file_;
};

/// Resets a statement at the end of a scope, on every path.
class StatementUse {
 public:
  explicit StatementUse(Statement& statement) : statement_(statement) {}
  ~StatementUse() { statement_.reset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  Statement* operator->() { return &statement_; }

 private:
  Statement& statement_;
};

/// One connection to one file. Not thread-safe: its owner serialises.
class Connection {
 public:
  /// Opens or creates `file` (mode 0600: it holds functions' secrets). Errc: exhausted, os.
  static Result<Connection> open(const std::filesystem::path& file);

  /// Runs statements that give no rows anyone wants. Errc: as Statement::step().
  Result<void> run(const std::string& sql);
  /// Compiles one statement. Errc: corrupt, exhausted, os.
  Result<Statement> prepare(std::string_view sql);
  /// The one value that a query like "PRAGMA user_version" gives, as text. Errc: as step().
  Result<std::string> value(std::string_view sql);
  const std::string& file() const { return file_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Connection(sqlite3* connection, std::string file)
      : connection_(connection), file_(std::move(file)) {}

  std::unique_ptr<sqlite3, Close> connection_;
  std::string file_;
};

/// BEGIN IMMEDIATE now; rolled back by the destructor unless commit() succeeded.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  /// Durable when it returns (synchronous=FULL). Errc: as Statement::step().
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace proa::storage::sqlite
