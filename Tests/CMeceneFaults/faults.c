#define _GNU_SOURCE
#include "mecene_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct mecene_faults {
  sqlite3_vfs vfs;
  pthread_mutex_t mutex;
  struct mecene_fault fault;
  int64_t counts[mecene_operations][mecene_files];
  int64_t failed;
  void (*observer)(void *, const struct mecene_event *);
  // Milliseconds.
  int64_t log_sync_delay;
  void *context;
};

struct faulty_file {
  sqlite3_file methods;
  mecene_faults *faults;
  int kind;
  const char *path;
  sqlite3_io_methods own;
  sqlite3_file *original;
};

// Whose call it is that now goes through SQLite's VFS to the kernel: system calls know of no VFS.
static _Thread_local struct {
  mecene_faults *faults;
  int kind;
  const char *path;
} current;

enum { original_at = (sizeof(struct faulty_file) + 15) & ~15 };

// Counts a call, and says whether it has to fail.
static int fails(mecene_faults *faults, int operation, int kind) {
  pthread_mutex_lock(&faults->mutex);
  int64_t number = ++faults->counts[operation][kind];
  struct mecene_fault *fault = &faults->fault;
  int result = fault->at > 0 && fault->operation == operation && fault->file == kind &&
               (fault->persists ? number >= fault->at : number == fault->at);
  if (result) faults->failed++;
  pthread_mutex_unlock(&faults->mutex);
  return result;
}

static void tell(mecene_faults *faults, int operation, int kind, const char *path, int64_t offset, int64_t count, const void *bytes) {
  pthread_mutex_lock(&faults->mutex);
  if (faults->observer != NULL) {
    struct mecene_event event = {operation, kind, path, offset, count, bytes};
    int before = errno;
    faults->observer(faults->context, &event);
    errno = before;
  }
  int64_t delay = operation == mecene_operation_sync && kind == mecene_file_log ? faults->log_sync_delay : 0;
  pthread_mutex_unlock(&faults->mutex);
  // Nobody else waits for a slow disk.
  if (delay > 0) usleep((useconds_t)(delay * 1000));
}

// The system calls that SQLite's VFS makes.

static ssize_t (*system_pread)(int, void *, size_t, off_t);
static ssize_t (*system_pwrite)(int, const void *, size_t, off_t);
static int (*system_ftruncate)(int, off_t);
static int (*system_open)(const char *, int, int);
static int (*system_unlink)(const char *);
static int (*system_open_directory)(const char *, int *);

static ssize_t faulty_pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  if (current.faults == NULL) return system_pwrite(descriptor, bytes, count, offset);
  mecene_faults *faults = current.faults;
  if (fails(faults, mecene_operation_write, current.kind)) {
    ssize_t written = 0;
    if (faults->fault.is_short && count > 1) {
      written = system_pwrite(descriptor, bytes, count / 2, offset);
      if (written > 0) tell(faults, mecene_operation_write, current.kind, current.path, offset, written, bytes);
    }
    if (faults->fault.error == 0 && written > 0) return written;
    errno = faults->fault.error;
    return -1;
  }
  ssize_t written = system_pwrite(descriptor, bytes, count, offset);
  if (written > 0) tell(faults, mecene_operation_write, current.kind, current.path, offset, written, bytes);
  return written;
}

static ssize_t faulty_pread(int descriptor, void *bytes, size_t count, off_t offset) {
  if (current.faults == NULL || !fails(current.faults, mecene_operation_read, current.kind)) {
    return system_pread(descriptor, bytes, count, offset);
  }
  errno = current.faults->fault.error;
  return -1;
}

static int faulty_ftruncate(int descriptor, off_t size) {
  if (current.faults == NULL) return system_ftruncate(descriptor, size);
  if (fails(current.faults, mecene_operation_truncate, current.kind)) {
    errno = current.faults->fault.error;
    return -1;
  }
  int code = system_ftruncate(descriptor, size);
  if (code == 0) tell(current.faults, mecene_operation_truncate, current.kind, current.path, size, 0, NULL);
  return code;
}

static int faulty_open(const char *path, int flags, int mode) {
  if (current.faults == NULL || (flags & (O_WRONLY | O_RDWR)) == 0) return system_open(path, flags, mode);
  if (fails(current.faults, mecene_operation_open, current.kind)) {
    errno = current.faults->fault.error;
    return -1;
  }
  int descriptor = system_open(path, flags, mode);
  if (descriptor >= 0) tell(current.faults, mecene_operation_open, current.kind, path, 0, 0, NULL);
  return descriptor;
}

static int faulty_unlink(const char *path) {
  if (current.faults == NULL) return system_unlink(path);
  if (fails(current.faults, mecene_operation_delete, current.kind)) {
    errno = current.faults->fault.error;
    return -1;
  }
  int code = system_unlink(path);
  if (code == 0) tell(current.faults, mecene_operation_delete, current.kind, path, 0, 0, NULL);
  return code;
}

// SQLite opens a directory to sync it, and for nothing else; it passes over an error of that sync.
static int faulty_open_directory(const char *path, int *descriptor) {
  if (current.faults == NULL) return system_open_directory(path, descriptor);
  if (fails(current.faults, mecene_operation_sync_directory, current.kind)) {
    errno = current.faults->fault.error;
    return SQLITE_CANTOPEN;
  }
  int code = system_open_directory(path, descriptor);
  if (code == SQLITE_OK) tell(current.faults, mecene_operation_sync_directory, current.kind, path, 0, 0, NULL);
  return code;
}

// Takes the place of those that this SQLite uses.
static void take_place(sqlite3_vfs *vfs, const char *name, void *original, sqlite3_syscall_ptr own) {
  sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, name);
  if (found == NULL || found == own) return;
  memcpy(original, &found, sizeof found);
  vfs->xSetSystemCall(vfs, name, own);
}

static void install(void) {
  sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
  take_place(vfs, "pread", &system_pread, (sqlite3_syscall_ptr)faulty_pread);
  take_place(vfs, "pread64", &system_pread, (sqlite3_syscall_ptr)faulty_pread);
  take_place(vfs, "pwrite", &system_pwrite, (sqlite3_syscall_ptr)faulty_pwrite);
  take_place(vfs, "pwrite64", &system_pwrite, (sqlite3_syscall_ptr)faulty_pwrite);
  take_place(vfs, "ftruncate", &system_ftruncate, (sqlite3_syscall_ptr)faulty_ftruncate);
  take_place(vfs, "open", &system_open, (sqlite3_syscall_ptr)faulty_open);
  take_place(vfs, "unlink", &system_unlink, (sqlite3_syscall_ptr)faulty_unlink);
  take_place(vfs, "openDirectory", &system_open_directory, (sqlite3_syscall_ptr)faulty_open_directory);
}

// The file's methods.

static struct faulty_file *faulty(sqlite3_file *file) { return (struct faulty_file *)file; }

// Runs a call of SQLite's VFS as that of a file.
#define AS_CALL_OF(file_, call)               \
  do {                                        \
    current.faults = (file_)->faults;         \
    current.kind = (file_)->kind;             \
    current.path = (file_)->path;             \
    int code_ = (call);                       \
    current.faults = NULL;                    \
    return code_;                             \
  } while (0)

static int file_close(sqlite3_file *self) {
  AS_CALL_OF(faulty(self), faulty(self)->original->pMethods->xClose(faulty(self)->original));
}

static int file_read(sqlite3_file *self, void *data, int bytes, sqlite3_int64 offset) {
  AS_CALL_OF(faulty(self), faulty(self)->original->pMethods->xRead(faulty(self)->original, data, bytes, offset));
}

static int file_write(sqlite3_file *self, const void *data, int bytes, sqlite3_int64 offset) {
  AS_CALL_OF(faulty(self), faulty(self)->original->pMethods->xWrite(faulty(self)->original, data, bytes, offset));
}

static int file_truncate(sqlite3_file *self, sqlite3_int64 bytes) {
  AS_CALL_OF(faulty(self), faulty(self)->original->pMethods->xTruncate(faulty(self)->original, bytes));
}

static int file_sync(sqlite3_file *self, int flags) {
  struct faulty_file *file = faulty(self);
  if (fails(file->faults, mecene_operation_sync, file->kind)) {
    errno = file->faults->fault.error;
    return SQLITE_IOERR_FSYNC;
  }
  tell(file->faults, mecene_operation_sync, file->kind, file->path, 0, 0, NULL);
  AS_CALL_OF(file, file->original->pMethods->xSync(file->original, flags));
}

static int file_size(sqlite3_file *self, sqlite3_int64 *bytes) {
  return faulty(self)->original->pMethods->xFileSize(faulty(self)->original, bytes);
}

static int file_lock(sqlite3_file *self, int level) {
  return faulty(self)->original->pMethods->xLock(faulty(self)->original, level);
}

static int file_unlock(sqlite3_file *self, int level) {
  return faulty(self)->original->pMethods->xUnlock(faulty(self)->original, level);
}

static int file_check_lock(sqlite3_file *self, int *result) {
  return faulty(self)->original->pMethods->xCheckReservedLock(faulty(self)->original, result);
}

static int file_control(sqlite3_file *self, int operation, void *argument) {
  AS_CALL_OF(faulty(self), faulty(self)->original->pMethods->xFileControl(faulty(self)->original, operation, argument));
}

static int file_sector_size(sqlite3_file *self) {
  return faulty(self)->original->pMethods->xSectorSize(faulty(self)->original);
}

static int file_characteristics(sqlite3_file *self) {
  return faulty(self)->original->pMethods->xDeviceCharacteristics(faulty(self)->original);
}

// Shared memory is not what the disk has to keep.
static int file_shm_map(sqlite3_file *self, int region, int bytes, int extend, void volatile **mapped) {
  return faulty(self)->original->pMethods->xShmMap(faulty(self)->original, region, bytes, extend, mapped);
}

static int file_shm_lock(sqlite3_file *self, int offset, int count, int flags) {
  return faulty(self)->original->pMethods->xShmLock(faulty(self)->original, offset, count, flags);
}

static void file_shm_barrier(sqlite3_file *self) {
  faulty(self)->original->pMethods->xShmBarrier(faulty(self)->original);
}

static int file_shm_unmap(sqlite3_file *self, int deletes) {
  return faulty(self)->original->pMethods->xShmUnmap(faulty(self)->original, deletes);
}

static int file_fetch(sqlite3_file *self, sqlite3_int64 offset, int bytes, void **page) {
  return faulty(self)->original->pMethods->xFetch(faulty(self)->original, offset, bytes, page);
}

static int file_unfetch(sqlite3_file *self, sqlite3_int64 offset, void *page) {
  return faulty(self)->original->pMethods->xUnfetch(faulty(self)->original, offset, page);
}

static const sqlite3_io_methods file_methods = {
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
    .xFetch = file_fetch,
    .xUnfetch = file_unfetch,
};

// The VFS's methods.

static sqlite3_vfs *system_vfs(void) { return sqlite3_vfs_find("unix"); }

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *self, int flags, int *flags_out) {
  struct faulty_file *file = faulty(self);
  memset(file, 0, sizeof *file);
  file->faults = (mecene_faults *)vfs->pAppData;
  file->kind = flags & SQLITE_OPEN_MAIN_DB ? mecene_file_database
               : flags & SQLITE_OPEN_WAL   ? mecene_file_log
                                           : mecene_file_other;
  file->path = name;
  file->original = (sqlite3_file *)((unsigned char *)self + original_at);
  memset(file->original, 0, sizeof *file->original);
  current.faults = file->faults;
  current.kind = file->kind;
  current.path = name;
  int code = system_vfs()->xOpen(system_vfs(), name, file->original, flags, flags_out);
  current.faults = NULL;
  if (file->original->pMethods == NULL) return code;
  file->own = file_methods;
  file->own.iVersion = file->original->pMethods->iVersion;
  file->methods.pMethods = &file->own;
  return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs_directory) {
  struct faulty_file file = {.faults = (mecene_faults *)vfs->pAppData, .kind = mecene_file_other, .path = name};
  AS_CALL_OF(&file, system_vfs()->xDelete(system_vfs(), name, syncs_directory));
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  (void)vfs;
  return system_vfs()->xAccess(system_vfs(), name, flags, result);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *result) {
  (void)vfs;
  return system_vfs()->xFullPathname(system_vfs(), name, bytes, result);
}

static int vfs_randomness(sqlite3_vfs *vfs, int bytes, char *result) {
  (void)vfs;
  return system_vfs()->xRandomness(system_vfs(), bytes, result);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return system_vfs()->xSleep(system_vfs(), microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *result) {
  (void)vfs;
  return system_vfs()->xCurrentTime(system_vfs(), result);
}

static int vfs_last_error(sqlite3_vfs *vfs, int bytes, char *result) {
  (void)vfs, (void)bytes, (void)result;
  return errno;
}

mecene_faults *mecene_faults_register(const char *name) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (sqlite3_initialize() != SQLITE_OK) return NULL;
  pthread_once(&once, install);
  sqlite3_vfs *found = sqlite3_vfs_find(name);
  if (found != NULL) return (mecene_faults *)found->pAppData;
  mecene_faults *faults = (mecene_faults *)calloc(1, sizeof *faults);
  if (faults == NULL) return NULL;
  pthread_mutex_init(&faults->mutex, NULL);
  faults->vfs = (sqlite3_vfs){
      .iVersion = 1,
      .szOsFile = original_at + system_vfs()->szOsFile,
      .mxPathname = system_vfs()->mxPathname,
      .zName = strdup(name),
      .pAppData = faults,
      .xOpen = vfs_open,
      .xDelete = vfs_delete,
      .xAccess = vfs_access,
      .xFullPathname = vfs_full_path,
      .xRandomness = vfs_randomness,
      .xSleep = vfs_sleep,
      .xCurrentTime = vfs_current_time,
      .xGetLastError = vfs_last_error,
  };
  return sqlite3_vfs_register(&faults->vfs, 0) == SQLITE_OK ? faults : NULL;
}

void mecene_faults_set(mecene_faults *faults, const struct mecene_fault *fault) {
  pthread_mutex_lock(&faults->mutex);
  faults->fault = fault != NULL ? *fault : (struct mecene_fault){0};
  memset(faults->counts, 0, sizeof faults->counts);
  faults->failed = 0;
  pthread_mutex_unlock(&faults->mutex);
}

int64_t mecene_faults_count(mecene_faults *faults, int operation, int file) {
  pthread_mutex_lock(&faults->mutex);
  int64_t count = faults->counts[operation][file];
  pthread_mutex_unlock(&faults->mutex);
  return count;
}

int64_t mecene_faults_failed(mecene_faults *faults) {
  pthread_mutex_lock(&faults->mutex);
  int64_t failed = faults->failed;
  pthread_mutex_unlock(&faults->mutex);
  return failed;
}

void mecene_faults_delay_log_syncs(mecene_faults *faults, int64_t milliseconds) {
  pthread_mutex_lock(&faults->mutex);
  faults->log_sync_delay = milliseconds;
  pthread_mutex_unlock(&faults->mutex);
}

void mecene_faults_observe(mecene_faults *faults, void (*observer)(void *, const struct mecene_event *), void *context) {
  pthread_mutex_lock(&faults->mutex);
  faults->observer = observer;
  faults->context = context;
  pthread_mutex_unlock(&faults->mutex);
}
