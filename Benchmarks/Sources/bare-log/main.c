// The least that a durable list of distinct clicks can do: rows appended to one SQLite table in commits of a fixed
// size, and a set in memory that knows which pairs are there. No rules, no network.
//
//   bare-log FILE ROWS GROUP [books]    prints: rows, seconds, median nanoseconds of a commit
//
// With "books" each commit also writes what a commit of the daemon does: its row in the commit log, and the totals.
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t state = 1;
static uint64_t next_random(void) {
  uint64_t x = state += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static void check(sqlite3 *db, int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fprintf(stderr, "bare-log: %s\n", sqlite3_errmsg(db));
  exit(1);
}

static int log_pages = 0;
static int wal_grew(void *context, sqlite3 *db, const char *name, int pages) {
  log_pages = pages;
  return SQLITE_OK;
}

// Open addressing, grown by doubling, at most two thirds full.
static uint64_t *set, set_mask, set_count;
static int set_insert(uint64_t key) {
  if ((set_count + 1) * 3 > (set_mask + 1) * 2) {
    uint64_t *old = set, old_size = set ? set_mask + 1 : 0;
    set_mask = old_size ? old_size * 2 - 1 : (1 << 16) - 1;
    set = calloc(set_mask + 1, sizeof *set);
    for (uint64_t i = 0; i < old_size; i++) {
      if (!old[i]) continue;
      uint64_t slot = old[i] * 0x9e3779b97f4a7c15 >> 20 & set_mask;
      while (set[slot]) slot = (slot + 1) & set_mask;
      set[slot] = old[i];
    }
    free(old);
  }
  uint64_t slot = key * 0x9e3779b97f4a7c15 >> 20 & set_mask;
  while (set[slot]) {
    if (set[slot] == key) return 0;
    slot = (slot + 1) & set_mask;
  }
  set[slot] = key;
  set_count++;
  return 1;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: bare-log FILE ROWS GROUP [books]\n");
    return 64;
  }
  long rows = atol(argv[2]), group = atol(argv[3]);
  int books = argc > 4;
  sqlite3 *db;
  check(NULL, sqlite3_open(argv[1], &db));
  check(db, sqlite3_exec(db,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
                         "PRAGMA journal_size_limit = 67108864;"
                         "CREATE TABLE click_log (sequence INTEGER PRIMARY KEY, patron_id INTEGER NOT NULL,"
                         " thing_id INTEGER NOT NULL, undone INTEGER NOT NULL) STRICT;"
                         "CREATE TABLE commit_log (sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL,"
                         " click_rows INTEGER NOT NULL, rows_hash BLOB NOT NULL, link BLOB NOT NULL,"
                         " clicks_hash BLOB) STRICT;"
                         "CREATE TABLE totals (id INTEGER PRIMARY KEY, money INTEGER NOT NULL,"
                         " fees INTEGER NOT NULL) STRICT; INSERT INTO totals VALUES (1, 0, 0)",
                         NULL, NULL, NULL));
  sqlite3_wal_hook(db, wal_grew, NULL);
  sqlite3_stmt *begin, *insert, *commit_row, *totals, *commit;
  check(db, sqlite3_prepare_v2(db, "BEGIN", -1, &begin, NULL));
  check(db, sqlite3_prepare_v2(
                db, "INSERT INTO click_log (patron_id, thing_id, undone) VALUES (?, ?, ?)", -1, &insert, NULL));
  check(db, sqlite3_prepare_v2(db, "INSERT INTO commit_log VALUES (?, ?, ?, ?, ?, ?)", -1, &commit_row, NULL));
  check(db, sqlite3_prepare_v2(db, "UPDATE totals SET money = ?, fees = ? WHERE id = 1", -1, &totals, NULL));
  check(db, sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL));
  char hash[32] = {0};
  long commits = 0;
  uint64_t *times = malloc(sizeof *times * (size_t)(rows / group + 1));
  uint64_t start = now_ns(), last = start;
  for (long done = 0; done < rows; commits++) {
    check(db, sqlite3_step(begin));
    sqlite3_reset(begin);
    for (long i = 0; i < group && done < rows;) {
      uint64_t patron = next_random() % 1000000 + 1, thing = next_random() % 1000000 + 1;
      if (!set_insert(patron << 32 | thing)) continue;
      sqlite3_bind_int64(insert, 1, (int64_t)patron);
      sqlite3_bind_int64(insert, 2, (int64_t)thing);
      sqlite3_bind_int64(insert, 3, 0);
      check(db, sqlite3_step(insert));
      sqlite3_reset(insert);
      i++;
      done++;
    }
    if (books) {
      sqlite3_bind_int64(commit_row, 1, commits + 1);
      sqlite3_bind_int64(commit_row, 2, 1793491200000);
      sqlite3_bind_int64(commit_row, 3, group);
      for (int i = 4; i <= 6; i++) sqlite3_bind_blob(commit_row, i, hash, 32, SQLITE_STATIC);
      check(db, sqlite3_step(commit_row));
      sqlite3_reset(commit_row);
      sqlite3_bind_int64(totals, 1, commits);
      sqlite3_bind_int64(totals, 2, 0);
      check(db, sqlite3_step(totals));
      sqlite3_reset(totals);
    }
    check(db, sqlite3_step(commit));
    sqlite3_reset(commit);
    if (log_pages >= 1000) {
      check(db, sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
      log_pages = 0;
    }
    uint64_t now = now_ns();
    times[commits] = now - last;
    last = now;
  }
  qsort(times, (size_t)commits, sizeof *times, by_value);
  printf("%ld %.6f %llu\n", rows, (double)(last - start) / 1e9, (unsigned long long)times[commits / 2]);
  return 0;
}
