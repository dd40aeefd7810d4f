#ifndef MECENE_VFS_H
#define MECENE_VFS_H

// A VFS that gathers what a connection writes side by side: the pages of a commit on their way to the write-ahead log, which
// SQLite writes in two pieces each, and those of a checkpoint on their way to the database, of which most are neighbours.
//
// For connections in WAL mode with synchronous=FULL alone: without a sync after each commit its pages would stay in memory.
//
// Registers it above the VFS `base`, and does nothing when that was done before. Returns one of SQLite's codes:
// SQLITE_NOTFOUND when there is no VFS `base`.
//
// A quota and a limit on a file's size are SQLITE_FULL like a full disk. Of a disk that turns out to be full when it is synced,
// nobody knows what it has: that is mecene_full_when_synced, whose low byte is SQLITE_FULL's.
enum { mecene_full_when_synced = 13 | 1 << 8 };

int mecene_gathering_register(const char *name, const char *base);

#endif
