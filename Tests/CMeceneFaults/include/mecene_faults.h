#ifndef MECENE_FAULTS_H
#define MECENE_FAULTS_H

#include <stdint.h>

// A VFS that stands right above the kernel: it tells of everything that changes a file or a directory, and makes calls fail.
// Calls fail as the kernel lets them fail, in the system calls that SQLite's VFS makes; a sync fails in the VFS, because SQLite
// lets nobody take the place of fsync.

enum {
  mecene_operation_open = 0,        // a file was made or opened for writing
  mecene_operation_write,           // bytes at an offset
  mecene_operation_truncate,        // a file got this size: `offset`
  mecene_operation_sync,            // a file's bytes and size
  mecene_operation_delete,          // a name was removed
  mecene_operation_sync_directory,  // the names of a directory
  mecene_operation_read,            // fails alone, and is told of nobody
  mecene_operations,
};

enum {
  mecene_file_database = 0,
  mecene_file_log,
  mecene_file_other,
  mecene_files,
};

// What reached the kernel, after it was done. `bytes` hold what was written, and are good during the call alone.
struct mecene_event {
  int operation;
  int file;
  const char *path;
  int64_t offset;
  int64_t count;
  const void *bytes;
};

struct mecene_fault {
  int operation;
  int file;
  // The n-th such call since the fault was set, from 1 on. 0: none.
  int64_t at;
  // Whether all calls after it fail too.
  int persists;
  // An errno; 0: the call does nothing wrong but be short.
  int error;
  // Whether half of what is written is written first.
  int is_short;
};

typedef struct mecene_faults mecene_faults;

// Registers the VFS, or finds the one that was registered under the name. NULL when it can't be.
mecene_faults *mecene_faults_register(const char *name);

// Sets the fault, and begins to count anew. NULL sets none.
void mecene_faults_set(mecene_faults *faults, const struct mecene_fault *fault);

// How many calls of an operation on a kind of file there were since a fault was set.
int64_t mecene_faults_count(mecene_faults *faults, int operation, int file);

// How many calls failed, or were short, since the fault was set.
int64_t mecene_faults_failed(mecene_faults *faults);

// Lets each sync of a log take so many milliseconds more.
void mecene_faults_delay_log_syncs(mecene_faults *faults, int64_t milliseconds);

// Tells of each event, on the thread that makes the call; NULL tells nobody.
void mecene_faults_observe(mecene_faults *faults, void (*observer)(void *context, const struct mecene_event *), void *context);

#endif
