#include "storage/sqlite/connection.h"

#include "os/file.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

namespace proa::storage::sqlite {
namespace {

/// How long a statement waits for a foreign reader or backup that holds the file locked.
constexpr int kBusyTimeoutMs = 5000;

/// The Error of the last failed call on `connection`, naming the file.
Error last_error(sqlite3* connection, const std::string& file) {
  const int extended = sqlite3_extended_errcode(connection);
  const int system = sqlite3_system_errno(connection);
  const std::string text = file + ": " + sqlite3_errmsg(connection);
  switch (extended & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(Errc::corrupt, text);
    case SQLITE_FULL:
      return Error(Errc::exhausted, text, ENOSPC);
    case SQLITE_NOMEM:
      return Error(Errc::exhausted, text, ENOMEM);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Errc::unavailable, text + " by another program");
    case SQLITE_IOERR:
      // A file shorter than its header says is damage, not a failing disk.
      if (extended == SQLITE_IOERR_SHORT_READ) return Error(Errc::corrupt, text);
      break;
    default:
      break;
  }
  if (system != 0) return os_error(text, system);
  return Error(Errc::os, text);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* connection, sqlite3_stmt* statement, std::string file)
    : connection_(connection), statement_(statement), file_(std::move(file)) {}

void Statement::bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL; an empty value is not NULL.
  const char* data = bytes.empty() ? "" : bytes.data();
  sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_STATIC);
}

void Statement::bind(int index, std::uint64_t number) {
  sqlite3_bind_int64(statement_.get(), index, static_cast<sqlite3_int64>(number));
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return last_error(connection_, file_);
}

std::string_view Statement::bytes(int index) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), index));
  const int size = sqlite3_column_bytes(statement_.get(), index);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

std::uint64_t Statement::number(int index) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), index));
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void Connection::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

Result<Connection> Connection::open(const std::filesystem::path& file) {
  const std::string name = file.string();
  {
    // Made here, so that the mode does not depend on the umask; -wal and -shm inherit it.
    TRY(auto created, os::open_file(file, O_RDWR | O_CREAT, 0600));
  }
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      name.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  if (raw == nullptr) return Error(Errc::exhausted, name + ": no memory for a connection");
  Connection connection(raw, name);
  if (code != SQLITE_OK) return last_error(raw, name);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  // The file may come from a backup someone else touched: no SQL of its own may run.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return connection;
}

Result<void> Connection::run(const std::string& sql) {
  if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return ok();
  }
  return last_error(connection_.get(), file_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return last_error(connection_.get(), file_);
  return Statement(connection_.get(), statement, file_);
}

Result<std::string> Connection::value(std::string_view sql) {
  TRY(auto statement, prepare(sql));
  TRY(auto has_row, statement.step());
  if (!has_row) return std::string();
  return std::string(statement.bytes(0));
}

Result<Transaction> Transaction::begin(Connection& connection) {
  TRY(connection.run("BEGIN IMMEDIATE"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  // A failed COMMIT may have rolled back already; then this one fails without harm.
  if (connection_ != nullptr) static_cast<void>(connection_->run("ROLLBACK"));
}

Result<void> Transaction::commit() {
  TRY(connection_->run("COMMIT"));
  connection_ = nullptr;
  return ok();
}

}  // namespace proa::storage::sqlite
