// What a work queue asks of its file (schema.h), compiled once.
#pragma once

#include "storage/sqlite/connection.h"

namespace proa::storage::sqlite {

/// Destroyed before their connection.
struct WorkQueueStatements {
  Statement add_group, push, push_body, set_last_id;
  Statement finish, drop_body, delay;
  Statement bury, forget_item;
  Statement take, mark_taken, groups, next_due;
  Statement dead_letters, dead_letter, forget_dead_letter, revive, oldest_dead_letters;
};

/// Errc: corrupt, exhausted, os.
Result<WorkQueueStatements> prepare_work_queue(Connection& connection);

}  // namespace proa::storage::sqlite
