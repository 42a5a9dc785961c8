#include "storage/sqlite/work_queue_statements.h"

namespace proa::storage::sqlite {
namespace {

Result<void> prepare_items(Connection& connection, WorkQueueStatements& out) {
  TRY(out.add_group,
      connection.prepare("INSERT INTO work_group (name) VALUES (?1) ON CONFLICT (name)"
                         " DO UPDATE SET name = name RETURNING id"));
  TRY(out.push, connection.prepare("INSERT INTO item (id, work_group, due, is_taken, interruptions,"
                                   " head) VALUES (?1, ?2, ?3, ?4, 0, ?5)"));
  TRY(out.push_body, connection.prepare("INSERT INTO body (id, body) VALUES (?1, ?2)"));
  TRY(out.set_last_id, connection.prepare("UPDATE last_id SET id = ?1"));
  TRY(out.finish, connection.prepare("DELETE FROM item WHERE id = ?1 AND is_taken = 1"
                                     " RETURNING id"));
  TRY(out.drop_body, connection.prepare("DELETE FROM body WHERE id = ?1"));
  TRY(out.delay, connection.prepare("UPDATE item SET is_taken = 0, due = ?2, head = ?3"
                                    " WHERE id = ?1 AND is_taken = 1 RETURNING id"));
  TRY(out.bury,
      connection.prepare("INSERT INTO dead_letter (id, work_group, died, size, head)"
                         " SELECT item.id, work_group, ?2, length(?3) + length(body.body), ?3"
                         " FROM item JOIN body USING (id) WHERE item.id = ?1 AND is_taken = 1"
                         " RETURNING size"));
  TRY(out.forget_item, connection.prepare("DELETE FROM item WHERE id = ?1"));
  TRY(out.take, connection.prepare("SELECT item.id, due, interruptions, head, body.body FROM item"
                                   " JOIN body USING (id) WHERE work_group = ?1 AND is_taken = 0"
                                   " AND due <= ?2 ORDER BY due, item.id LIMIT ?3"));
  TRY(out.mark_taken, connection.prepare("UPDATE item SET is_taken = 1 WHERE id = ?1"));
  TRY(out.groups, connection.prepare("SELECT name, count(*), min(due) FROM item"
                                     " JOIN work_group ON work_group.id = work_group"
                                     " WHERE is_taken = 0 GROUP BY work_group"));
  TRY(out.next_due, connection.prepare("SELECT due FROM item WHERE work_group = ?1"
                                       " AND is_taken = 0 ORDER BY due LIMIT 1"));
  return ok();
}

Result<void> prepare_dead_letters(Connection& connection, WorkQueueStatements& out) {
  TRY(out.dead_letters,
      connection.prepare("SELECT dead_letter.id, name, died, size, head FROM dead_letter"
                         " JOIN work_group ON work_group.id = work_group"
                         " WHERE dead_letter.id > ?1 AND name >= ?2 AND name < ?3"
                         " ORDER BY dead_letter.id LIMIT ?4"));
  TRY(out.dead_letter,
      connection.prepare("SELECT dead_letter.id, name, died, size, head, body.body FROM dead_letter"
                         " JOIN work_group ON work_group.id = work_group"
                         " JOIN body ON body.id = dead_letter.id WHERE dead_letter.id = ?1"));
  TRY(out.forget_dead_letter, connection.prepare("DELETE FROM dead_letter WHERE id = ?1"));
  TRY(out.revive, connection.prepare("INSERT INTO item (id, work_group, due, is_taken,"
                                     " interruptions, head) VALUES (?1, ?2, ?3, 0, 0, ?4)"));
  TRY(out.oldest_dead_letters,
      connection.prepare("SELECT id, size, died FROM dead_letter ORDER BY died LIMIT ?1"));
  return ok();
}

}  // namespace

Result<WorkQueueStatements> prepare_work_queue(Connection& connection) {
  WorkQueueStatements out;
  TRY(prepare_items(connection, out));
  TRY(prepare_dead_letters(connection, out));
  return out;
}

}  // namespace proa::storage::sqlite
