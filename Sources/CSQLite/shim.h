#ifndef MECENE_CSQLITE_SHIM_H
#define MECENE_CSQLITE_SHIM_H

#include <sqlite3.h>

// sqlite3_config, sqlite3_db_config and sqlite3_file_control's options are variadic or untyped, which Swift can't call.
static inline int mecene_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static inline int mecene_sqlite_enable_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

static inline int mecene_sqlite_keep_wal(sqlite3 *db) {
  int on = 1;
  return sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

// SQLITE_STATIC and SQLITE_TRANSIENT are casts, which Swift does not import.
static inline int mecene_sqlite_bind_text(sqlite3_stmt *s, int index, const char *text, int bytes) {
  return sqlite3_bind_text(s, index, text, bytes, SQLITE_TRANSIENT);
}

static inline int mecene_sqlite_bind_blob(sqlite3_stmt *s, int index, const void *data, int bytes) {
  return sqlite3_bind_blob(s, index, bytes == 0 ? "" : data, bytes, SQLITE_TRANSIENT);
}

#endif
