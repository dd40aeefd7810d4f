#ifndef MECENE_CSQLITE_GATHERED_WRITES_H
#define MECENE_CSQLITE_GATHERED_WRITES_H

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// A file's methods, but for those that gather what is written side by side: the pages of a commit on their way to the
// write-ahead log, which SQLite writes in two pieces each, and those of a checkpoint on their way to the database, of which most
// are neighbours.
//
// What is gathered is written before anything else is done with the file: above all before it is synced, and only then is a
// commit durable, or a page of the log given up. When that writing fails, so does what asked for it.

// SQLite's methods for a file write no more at once: of 0x20000 bytes they would write none.
enum { mecene_sqlite_bytes_gathered_max = 0x1ffff };

struct mecene_sqlite_gathering {
  sqlite3_io_methods methods;
  const sqlite3_io_methods *original;
  // Whether there may be something that the disk does not have.
  int is_dirty;
  sqlite3_int64 offset;
  int bytes;
  unsigned char gathered[mecene_sqlite_bytes_gathered_max];
};

static inline struct mecene_sqlite_gathering *mecene_sqlite_gathering_of(sqlite3_file *file) {
  return (struct mecene_sqlite_gathering *)file->pMethods;
}

static inline int mecene_sqlite_gathering_flush(sqlite3_file *file) {
  struct mecene_sqlite_gathering *gathering = mecene_sqlite_gathering_of(file);
  int bytes = gathering->bytes;
  if (bytes == 0) return SQLITE_OK;
  gathering->bytes = 0;
  return gathering->original->xWrite(file, gathering->gathered, bytes, gathering->offset);
}

static inline int mecene_sqlite_gathering_write(
    sqlite3_file *file, const void *data, int bytes, sqlite3_int64 offset) {
  struct mecene_sqlite_gathering *gathering = mecene_sqlite_gathering_of(file);
  gathering->is_dirty = 1;
  if (offset != gathering->offset + gathering->bytes ||
      bytes > mecene_sqlite_bytes_gathered_max - gathering->bytes) {
    int code = mecene_sqlite_gathering_flush(file);
    if (code != SQLITE_OK) return code;
    if (bytes > mecene_sqlite_bytes_gathered_max) return gathering->original->xWrite(file, data, bytes, offset);
    gathering->offset = offset;
  }
  memcpy(gathering->gathered + gathering->bytes, data, (size_t)bytes);
  gathering->bytes += bytes;
  return SQLITE_OK;
}

static inline int mecene_sqlite_gathering_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 offset) {
  int code = mecene_sqlite_gathering_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_gathering_of(file)->original->xRead(file, data, bytes, offset);
}

static inline int mecene_sqlite_gathering_truncate(sqlite3_file *file, sqlite3_int64 bytes) {
  struct mecene_sqlite_gathering *gathering = mecene_sqlite_gathering_of(file);
  gathering->is_dirty = 1;
  int code = mecene_sqlite_gathering_flush(file);
  return code != SQLITE_OK ? code : gathering->original->xTruncate(file, bytes);
}

// A checkpoint syncs the log first, which has had nothing new since its last commit was synced.
static inline int mecene_sqlite_gathering_sync(sqlite3_file *file, int flags) {
  struct mecene_sqlite_gathering *gathering = mecene_sqlite_gathering_of(file);
  if (!gathering->is_dirty) return SQLITE_OK;
  int code = mecene_sqlite_gathering_flush(file);
  if (code == SQLITE_OK) code = gathering->original->xSync(file, flags);
  if (code == SQLITE_OK) gathering->is_dirty = 0;
  return code;
}

static inline int mecene_sqlite_gathering_size(sqlite3_file *file, sqlite3_int64 *bytes) {
  int code = mecene_sqlite_gathering_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_gathering_of(file)->original->xFileSize(file, bytes);
}

static inline int mecene_sqlite_gathering_control(sqlite3_file *file, int operation, void *argument) {
  int code = mecene_sqlite_gathering_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_gathering_of(file)->original->xFileControl(file, operation, argument);
}

// Taken and given back around whatever others see.
static inline int mecene_sqlite_gathering_lock(sqlite3_file *file, int offset, int count, int flags) {
  int code = mecene_sqlite_gathering_flush(file);
  return code != SQLITE_OK ? code : mecene_sqlite_gathering_of(file)->original->xShmLock(file, offset, count, flags);
}

// What was never synced belongs to no commit, and is still in the log if it was on its way to the database.
static inline int mecene_sqlite_gathering_close(sqlite3_file *file) {
  struct mecene_sqlite_gathering *gathering = mecene_sqlite_gathering_of(file);
  int code = gathering->original->xClose(file);
  free(gathering);
  return code;
}

static inline int mecene_sqlite_gather(sqlite3_file *file) {
  if (file == NULL || file->pMethods == NULL) return SQLITE_MISUSE;
  struct mecene_sqlite_gathering *gathering = (struct mecene_sqlite_gathering *)malloc(sizeof *gathering);
  if (gathering == NULL) return SQLITE_NOMEM;
  gathering->methods = *file->pMethods;
  gathering->methods.xClose = mecene_sqlite_gathering_close;
  gathering->methods.xRead = mecene_sqlite_gathering_read;
  gathering->methods.xWrite = mecene_sqlite_gathering_write;
  gathering->methods.xTruncate = mecene_sqlite_gathering_truncate;
  gathering->methods.xSync = mecene_sqlite_gathering_sync;
  gathering->methods.xFileSize = mecene_sqlite_gathering_size;
  gathering->methods.xFileControl = mecene_sqlite_gathering_control;
  gathering->methods.xShmLock = mecene_sqlite_gathering_lock;
  gathering->original = file->pMethods;
  // Whoever wrote before may not have synced.
  gathering->is_dirty = 1;
  gathering->offset = 0;
  gathering->bytes = 0;
  file->pMethods = &gathering->methods;
  return SQLITE_OK;
}

// Gathers what a connection writes to its database and its write-ahead log, until they are closed. The log must have been read or
// written before, and the database must not be mapped.
static inline int mecene_sqlite_gather_writes(sqlite3 *db) {
  sqlite3_file *database = NULL;
  sqlite3_file *log = NULL;
  int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &database);
  if (code == SQLITE_OK) code = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (code == SQLITE_OK) code = mecene_sqlite_gather(log);
  return code == SQLITE_OK ? mecene_sqlite_gather(database) : code;
}

#endif
