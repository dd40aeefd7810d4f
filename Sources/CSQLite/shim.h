#ifndef MECENE_CSQLITE_SHIM_H
#define MECENE_CSQLITE_SHIM_H

#include <sqlite3.h>
#include <stdlib.h>

// sqlite3_config, sqlite3_db_config and sqlite3_file_control's options are variadic or untyped, which Swift can't call.
static inline int mecene_sqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static inline int mecene_sqlite_enable_defensive(sqlite3 *db) {
  return sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

// The books have no triggers and no views; whoever adds one does not get it run.
static inline int mecene_sqlite_disable_programs(sqlite3 *db) {
  int code = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)0);
  return code == SQLITE_OK ? sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)0) : code;
}

static inline int mecene_sqlite_keep_wal(sqlite3 *db) {
  int on = 1;
  return sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

// The names of the VFSes that a database file goes through, to be freed with sqlite3_free; NULL when it can't be told.
static inline char *mecene_sqlite_vfs_name(sqlite3 *db) {
  char *name = NULL;
  return sqlite3_file_control(db, "main", SQLITE_FCNTL_VFSNAME, &name) == SQLITE_OK ? name : NULL;
}

// The errno of the last call for the database file, or for its log, that the disk refused; 0 when there was none. SQLite takes a
// disk that can't be read for a damaged file.
static inline int mecene_sqlite_disk_error(sqlite3 *db) {
  int error = 0;
  sqlite3_file *log = NULL;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error) == SQLITE_OK && error != 0) return error;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK || log == NULL ||
      log->pMethods == NULL || log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK) {
    return 0;
  }
  return error;
}

// SQLITE_STATIC and SQLITE_TRANSIENT are casts, which Swift does not import.
static inline int mecene_sqlite_bind_text(sqlite3_stmt *s, int index, const char *text, int bytes) {
  return sqlite3_bind_text(s, index, text, bytes, SQLITE_TRANSIENT);
}

static inline int mecene_sqlite_bind_blob(sqlite3_stmt *s, int index, const void *data, int bytes) {
  return sqlite3_bind_blob(s, index, bytes == 0 ? "" : data, bytes, SQLITE_TRANSIENT);
}

// A database file's methods, except one that keeps the file mapped. SQLite hands the file alone to it: what else it needs
// stands behind the methods.
struct mecene_sqlite_mapping {
  sqlite3_io_methods methods;
  const sqlite3_io_methods *original;
  sqlite3_file *file;
  sqlite3_int64 bytes_mapped;
  sqlite3_int64 growth_max;
};

static inline int mecene_sqlite_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page) {
  struct mecene_sqlite_mapping *mapping = (struct mecene_sqlite_mapping *)file->pMethods;
  if (page == NULL) {
    sqlite3_int64 bytes = 0;
    int code = mapping->original->xFileSize(file, &bytes);
    if (code != SQLITE_OK) return code;
    if (bytes >= mapping->bytes_mapped && bytes - mapping->bytes_mapped <= mapping->growth_max) return SQLITE_OK;
    mapping->bytes_mapped = bytes;
  }
  return mapping->original->xUnfetch(file, offset, page);
}

// Lets a connection's database file stay mapped until it has grown by so many bytes. What comes back is freed after the
// connection is closed; it is NULL when this SQLite maps no files.
static inline void *mecene_sqlite_keep_mapped(sqlite3 *db, sqlite3_int64 growth_max) {
  sqlite3_file *file = NULL;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return NULL;
  if (file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 3) return NULL;
  struct mecene_sqlite_mapping *mapping = (struct mecene_sqlite_mapping *)malloc(sizeof *mapping);
  if (mapping == NULL) return NULL;
  mapping->methods = *file->pMethods;
  mapping->methods.xUnfetch = mecene_sqlite_unfetch;
  mapping->original = file->pMethods;
  mapping->file = file;
  mapping->growth_max = growth_max;
  if (mapping->original->xFileSize(file, &mapping->bytes_mapped) != SQLITE_OK) mapping->bytes_mapped = 0;
  file->pMethods = &mapping->methods;
  return mapping;
}

// Unmaps a file that was cut short, between two transactions: reading it is an error then, and not the end of the process.
static inline void mecene_sqlite_check_mapping(void *kept) {
  struct mecene_sqlite_mapping *mapping = (struct mecene_sqlite_mapping *)kept;
  if (mapping != NULL) mecene_sqlite_unfetch(mapping->file, 0, NULL);
}

#endif
