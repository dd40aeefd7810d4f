#ifndef MECENE_CSQLITE_GATHERED_LOG_H
#define MECENE_CSQLITE_GATHERED_LOG_H

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// A write-ahead log's methods, but for those that gather what is written side by side. SQLite writes a page in two pieces; a
// commit of two pages took four system calls.
//
// What is gathered is written before anything else is done with the file: above all before it is synced, and only then is a
// commit durable or seen by others. When that writing fails, so does what asked for it, and the commit with it.

enum { mecene_sqlite_bytes_gathered_max = 1 << 17 };

struct mecene_sqlite_log {
  sqlite3_io_methods methods;
  const sqlite3_io_methods *original;
  sqlite3_int64 offset;
  int bytes;
  unsigned char gathered[mecene_sqlite_bytes_gathered_max];
};

static inline struct mecene_sqlite_log *mecene_sqlite_log_of(sqlite3_file *file) {
  return (struct mecene_sqlite_log *)file->pMethods;
}

static inline int mecene_sqlite_log_flush(sqlite3_file *file) {
  struct mecene_sqlite_log *log = mecene_sqlite_log_of(file);
  int bytes = log->bytes;
  if (bytes == 0) return SQLITE_OK;
  log->bytes = 0;
  return log->original->xWrite(file, log->gathered, bytes, log->offset);
}

static inline int mecene_sqlite_log_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 offset) {
  struct mecene_sqlite_log *log = mecene_sqlite_log_of(file);
  if (offset != log->offset + log->bytes || bytes > mecene_sqlite_bytes_gathered_max - log->bytes) {
    int code = mecene_sqlite_log_flush(file);
    if (code != SQLITE_OK) return code;
    if (bytes > mecene_sqlite_bytes_gathered_max) return log->original->xWrite(file, data, bytes, offset);
    log->offset = offset;
  }
  memcpy(log->gathered + log->bytes, data, (size_t)bytes);
  log->bytes += bytes;
  return SQLITE_OK;
}

static inline int mecene_sqlite_log_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 offset) {
  int code = mecene_sqlite_log_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_log_of(file)->original->xRead(file, data, bytes, offset);
}

static inline int mecene_sqlite_log_truncate(sqlite3_file *file, sqlite3_int64 bytes) {
  int code = mecene_sqlite_log_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_log_of(file)->original->xTruncate(file, bytes);
}

static inline int mecene_sqlite_log_sync(sqlite3_file *file, int flags) {
  int code = mecene_sqlite_log_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_log_of(file)->original->xSync(file, flags);
}

static inline int mecene_sqlite_log_size(sqlite3_file *file, sqlite3_int64 *bytes) {
  int code = mecene_sqlite_log_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_log_of(file)->original->xFileSize(file, bytes);
}

static inline int mecene_sqlite_log_control(sqlite3_file *file, int operation, void *argument) {
  int code = mecene_sqlite_log_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_log_of(file)->original->xFileControl(file, operation, argument);
}

// What was never synced belongs to no commit.
static inline int mecene_sqlite_log_close(sqlite3_file *file) {
  struct mecene_sqlite_log *log = mecene_sqlite_log_of(file);
  int code = log->original->xClose(file);
  free(log);
  return code;
}

// Gathers what a connection writes to its write-ahead log, until it is closed. The log must have been read or written before.
static inline int mecene_sqlite_gather_log(sqlite3 *db) {
  sqlite3_file *file = NULL;
  int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK) return code;
  if (file == NULL || file->pMethods == NULL) return SQLITE_MISUSE;
  struct mecene_sqlite_log *log = (struct mecene_sqlite_log *)malloc(sizeof *log);
  if (log == NULL) return SQLITE_NOMEM;
  log->methods = *file->pMethods;
  log->methods.xClose = mecene_sqlite_log_close;
  log->methods.xRead = mecene_sqlite_log_read;
  log->methods.xWrite = mecene_sqlite_log_write;
  log->methods.xTruncate = mecene_sqlite_log_truncate;
  log->methods.xSync = mecene_sqlite_log_sync;
  log->methods.xFileSize = mecene_sqlite_log_size;
  log->methods.xFileControl = mecene_sqlite_log_control;
  log->original = file->pMethods;
  log->offset = 0;
  log->bytes = 0;
  file->pMethods = &log->methods;
  return SQLITE_OK;
}

#endif
