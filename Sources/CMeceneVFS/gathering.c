#include "mecene_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// What must hold, whatever the disk does:
//
// A write that was gathered and then fails is told to a call whose result SQLite heeds, before SQLite takes it for done. Those
// are xWrite and xSync of either file, and xTruncate of the database. Results of others are ignored somewhere: of xFileControl
// (CKPT_DONE, after a checkpoint's last page), of xShmLock (when a lock is given back), of the log's xTruncate and xFileSize
// (journal_size_limit). So nothing is written there, and a failure that xRead meets stays for the next.
//
//   the log         gathers always. A commit ends with xSync, for synchronous is FULL; what was never synced is no commit.
//   the database    gathers while a checkpoint moves the whole log: SQLite then counts its pages as moved only after xTruncate
//                   and xSync. A checkpoint that stops short of a reader's mark counts them without another call that could
//                   fail, so its pages are written at once.
//
// Pages that a checkpoint wrote and nobody synced yet may be dropped by the kernel when a later sync fails, and the next sync
// would succeed without them. A whole checkpoint that fails writes all its own pages again; those of one that stopped short it
// would not. So a sync that fails over such pages fails from then on, and the log is kept until the file is opened again, when
// SQLite moves all of it.

// SQLite's methods for a file write no more at once: of 0x20000 bytes they would write none.
enum { gathered_bytes_max = 0x1ffff };

// Where the wal-index holds what decides whether a checkpoint moves the whole log: https://sqlite.org/walformat.html, section 2.2.
enum { index_version = 3007000, index_version_at = 0, index_frames_at = 16, index_attempted_at = 128, index_bytes = 32768 };

struct gathered_file {
  sqlite3_file methods;
  sqlite3_file *original;
  int is_log;
  // Whether what is written is gathered now.
  int gathers;
  // Whether there may be something that the disk does not have.
  int is_dirty;
  // Whether a checkpoint that stopped short left pages that were never synced; and whether a sync then failed.
  int has_unsynced_pages;
  int is_lost;
  sqlite3_int64 offset;
  int bytes;
  unsigned char *gathered;
};

static struct gathered_file *gathered(sqlite3_file *file) { return (struct gathered_file *)file; }

static int told(int code) {
  int is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  switch (code) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
      return is_full ? SQLITE_FULL : code;
    case SQLITE_IOERR_FSYNC:
      return is_full ? mecene_full_when_synced : code;
    default:
      return code;
  }
}

static int write_through(struct gathered_file *file, const void *data, int bytes, sqlite3_int64 offset) {
  return told(file->original->pMethods->xWrite(file->original, data, bytes, offset));
}

// Writes what is gathered. It stays when that fails.
static int flush(struct gathered_file *file) {
  if (file->bytes == 0) return SQLITE_OK;
  int code = write_through(file, file->gathered, file->bytes, file->offset);
  if (code == SQLITE_OK) file->bytes = 0;
  return code;
}

// The same for a call whose result SQLite heeds: it gives up the commit or the checkpoint that wrote these pages.
static int flush_or_forget(struct gathered_file *file) {
  int code = flush(file);
  file->bytes = 0;
  return code;
}

static int gathering_write(sqlite3_file *self, const void *data, int bytes, sqlite3_int64 offset) {
  struct gathered_file *file = gathered(self);
  file->is_dirty = 1;
  if (!file->gathers) {
    file->has_unsynced_pages = 1;
    return write_through(file, data, bytes, offset);
  }
  if (offset != file->offset + file->bytes || bytes > gathered_bytes_max - file->bytes) {
    int code = flush_or_forget(file);
    if (code != SQLITE_OK) return code;
    if (bytes > gathered_bytes_max) return write_through(file, data, bytes, offset);
    file->offset = offset;
  }
  memcpy(file->gathered + file->bytes, data, (size_t)bytes);
  file->bytes += bytes;
  return SQLITE_OK;
}

static int gathering_read(sqlite3_file *self, void *data, int bytes, sqlite3_int64 offset) {
  struct gathered_file *file = gathered(self);
  int code = flush(file);
  return code != SQLITE_OK ? code : file->original->pMethods->xRead(file->original, data, bytes, offset);
}

static int gathering_truncate(sqlite3_file *self, sqlite3_int64 bytes) {
  struct gathered_file *file = gathered(self);
  file->is_dirty = 1;
  int code = file->is_log ? flush(file) : flush_or_forget(file);
  return code != SQLITE_OK ? code : told(file->original->pMethods->xTruncate(file->original, bytes));
}

// A checkpoint syncs the log first, which has had nothing new since its last commit was synced.
static int gathering_sync(sqlite3_file *self, int flags) {
  struct gathered_file *file = gathered(self);
  int code = flush_or_forget(file);
  file->gathers = file->is_log;
  if (code != SQLITE_OK) return code;
  if (file->is_lost) return SQLITE_IOERR_FSYNC;
  if (!file->is_dirty) return SQLITE_OK;
  code = told(file->original->pMethods->xSync(file->original, flags));
  if (code == SQLITE_OK) {
    file->is_dirty = file->has_unsynced_pages = 0;
  } else if (!file->is_log && file->has_unsynced_pages) {
    file->is_lost = 1;
  }
  return code;
}

// With what is still gathered.
static int gathering_size(sqlite3_file *self, sqlite3_int64 *bytes) {
  struct gathered_file *file = gathered(self);
  int code = file->original->pMethods->xFileSize(file->original, bytes);
  if (code == SQLITE_OK && file->bytes > 0 && *bytes < file->offset + file->bytes) {
    *bytes = file->offset + file->bytes;
  }
  return code;
}

static uint32_t index_word(const volatile unsigned char *index, int offset) {
  uint32_t word;
  memcpy(&word, (const unsigned char *)index + offset, sizeof word);
  return word;
}

// Whether the checkpoint that begins moves all frames of the log; false when it can't be told.
static int moves_whole_log(struct gathered_file *file) {
  void volatile *index = NULL;
  if (file->original->pMethods->xShmMap(file->original, 0, index_bytes, 0, &index) != SQLITE_OK || index == NULL) return 0;
  return index_word(index, index_version_at) == index_version &&
         index_word(index, index_frames_at) == index_word(index, index_attempted_at);
}

static int gathering_control(sqlite3_file *self, int operation, void *argument) {
  struct gathered_file *file = gathered(self);
  if (operation == SQLITE_FCNTL_CKPT_START && !file->is_log) {
    // A checkpoint before that failed counted none of its pages: this one moves them again.
    file->bytes = 0;
    file->gathers = moves_whole_log(file);
  }
  int code = file->original->pMethods->xFileControl(file->original, operation, argument);
  if (operation == SQLITE_FCNTL_VFSNAME && code == SQLITE_OK) {
    *(char **)argument = sqlite3_mprintf("gathering/%z", *(char **)argument);
  }
  return code;
}

// What was never synced belongs to no commit, and is still in the log if it was on its way to the database.
static int gathering_close(sqlite3_file *self) {
  struct gathered_file *file = gathered(self);
  int code = file->original->pMethods->xClose(file->original);
  free(file->gathered);
  file->gathered = NULL;
  return code;
}

// The rest goes to the file as it is.
static int gathering_lock(sqlite3_file *self, int level) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xLock(file, level);
}

static int gathering_unlock(sqlite3_file *self, int level) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xUnlock(file, level);
}

static int gathering_check_lock(sqlite3_file *self, int *is_reserved) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xCheckReservedLock(file, is_reserved);
}

static int gathering_sector_size(sqlite3_file *self) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xSectorSize(file);
}

static int gathering_characteristics(sqlite3_file *self) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xDeviceCharacteristics(file);
}

static int gathering_shm_map(sqlite3_file *self, int region, int bytes, int extend, void volatile **mapped) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xShmMap(file, region, bytes, extend, mapped);
}

static int gathering_shm_lock(sqlite3_file *self, int offset, int count, int flags) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xShmLock(file, offset, count, flags);
}

static void gathering_shm_barrier(sqlite3_file *self) {
  sqlite3_file *file = gathered(self)->original;
  file->pMethods->xShmBarrier(file);
}

static int gathering_shm_unmap(sqlite3_file *self, int deletes) {
  sqlite3_file *file = gathered(self)->original;
  return file->pMethods->xShmUnmap(file, deletes);
}

// Version 2 has shared memory and maps no files: a mapping would not show what is gathered.
static const sqlite3_io_methods gathering_methods = {
    .iVersion = 2,
    .xClose = gathering_close,
    .xRead = gathering_read,
    .xWrite = gathering_write,
    .xTruncate = gathering_truncate,
    .xSync = gathering_sync,
    .xFileSize = gathering_size,
    .xLock = gathering_lock,
    .xUnlock = gathering_unlock,
    .xCheckReservedLock = gathering_check_lock,
    .xFileControl = gathering_control,
    .xSectorSize = gathering_sector_size,
    .xDeviceCharacteristics = gathering_characteristics,
    .xShmMap = gathering_shm_map,
    .xShmLock = gathering_shm_lock,
    .xShmBarrier = gathering_shm_barrier,
    .xShmUnmap = gathering_shm_unmap,
};

static sqlite3_vfs *base_of(sqlite3_vfs *vfs) { return (sqlite3_vfs *)vfs->pAppData; }

// The file that is wrapped stands behind the one that wraps it.
enum { original_at = (sizeof(struct gathered_file) + 15) & ~15 };

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *self, int flags, int *flags_out) {
  sqlite3_vfs *base = base_of(vfs);
  // Temporary files are nobody's commit.
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return base->xOpen(base, name, self, flags, flags_out);
  }
  struct gathered_file *file = gathered(self);
  memset(file, 0, sizeof *file);
  file->gathered = (unsigned char *)malloc(gathered_bytes_max);
  if (file->gathered == NULL) return SQLITE_NOMEM;
  file->original = (sqlite3_file *)((unsigned char *)self + original_at);
  memset(file->original, 0, sizeof *file->original);
  file->is_log = file->gathers = (flags & SQLITE_OPEN_WAL) != 0;
  // Whoever wrote before may not have synced.
  file->is_dirty = 1;
  int code = base->xOpen(base, name, file->original, flags, flags_out);
  // Without shared memory there is no WAL mode, and nothing to gather.
  if (code == SQLITE_OK && file->original->pMethods->iVersion < 2) code = SQLITE_CANTOPEN;
  if (code != SQLITE_OK) {
    if (file->original->pMethods != NULL) file->original->pMethods->xClose(file->original);
    free(file->gathered);
    file->gathered = NULL;
    return code;
  }
  file->methods.pMethods = &gathering_methods;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs_directory) {
  return base_of(vfs)->xDelete(base_of(vfs), name, syncs_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  return base_of(vfs)->xAccess(base_of(vfs), name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *result) {
  return base_of(vfs)->xFullPathname(base_of(vfs), name, bytes, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int bytes, char *result) {
  return base_of(vfs)->xRandomness(base_of(vfs), bytes, result);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { return base_of(vfs)->xSleep(base_of(vfs), microseconds); }

static int vfs_current_time(sqlite3_vfs *vfs, double *result) {
  return base_of(vfs)->xCurrentTime(base_of(vfs), result);
}

static int vfs_last_error(sqlite3_vfs *vfs, int bytes, char *result) {
  return base_of(vfs)->xGetLastError(base_of(vfs), bytes, result);
}

int mecene_gathering_register(const char *name, const char *base_name) {
  if (sqlite3_vfs_find(name) != NULL) return SQLITE_OK;
  sqlite3_vfs *base = sqlite3_vfs_find(base_name);
  if (base == NULL) return SQLITE_NOTFOUND;
  sqlite3_vfs *vfs = (sqlite3_vfs *)calloc(1, sizeof *vfs);
  char *copied_name = strdup(name);
  if (vfs == NULL || copied_name == NULL) {
    free(vfs);
    free(copied_name);
    return SQLITE_NOMEM;
  }
  *vfs = (sqlite3_vfs){
      .iVersion = 1,
      .szOsFile = original_at + base->szOsFile,
      .mxPathname = base->mxPathname,
      .zName = copied_name,
      .pAppData = base,
      .xOpen = vfs_open,
      .xDelete = vfs_delete,
      .xAccess = vfs_access,
      .xFullPathname = vfs_full_path,
      .xRandomness = vfs_randomness,
      .xSleep = vfs_sleep,
      .xCurrentTime = vfs_current_time,
      .xGetLastError = vfs_last_error,
  };
  int code = sqlite3_vfs_register(vfs, 0);
  if (code != SQLITE_OK) {
    free(copied_name);
    free(vfs);
  }
  return code;
}
