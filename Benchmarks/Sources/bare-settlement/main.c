// The least that settling a month can do: reads the month's click log, groups it by patron, cuts each pot, sums by owner
// and thing, and writes the rows that the daemon writes, in commits of the daemon's size. No rules are checked, and
// nothing is hashed.
//
//   bare-settlement FILE YYYY_MM NUMBER     works on a copy of the daemon's file; prints: clicks, seconds
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;
static int log_pages = 0;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void check(int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  fprintf(stderr, "bare-settlement: %s\n", sqlite3_errmsg(db));
  exit(1);
}

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement;
  check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
  return statement;
}

static void run(sqlite3_stmt *statement, int count, const int64_t *values) {
  for (int i = 0; i < count; i++) sqlite3_bind_int64(statement, i + 1, values[i]);
  check(sqlite3_step(statement));
  sqlite3_reset(statement);
}
#define RUN(statement, ...)                                                     \
  do {                                                                          \
    int64_t values[] = {__VA_ARGS__};                                           \
    run(statement, (int)(sizeof values / sizeof *values), values);              \
  } while (0)

static int wal_grew(void *context, sqlite3 *handle, const char *name, int pages) {
  log_pages = pages;
  return SQLITE_OK;
}

static sqlite3_stmt *begin, *commit, *commit_row;
static int64_t sequence;

static void end_commit(void) {
  static char hash[32];
  sequence++;
  sqlite3_bind_int64(commit_row, 1, sequence);
  for (int i = 2; i <= 3; i++) sqlite3_bind_blob(commit_row, i, hash, 32, SQLITE_STATIC);
  check(sqlite3_step(commit_row));
  sqlite3_reset(commit_row);
  RUN(commit, 0);
  if (log_pages >= 1000) {
    check(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    log_pages = 0;
  }
}

static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static int64_t scalar(const char *sql) {
  sqlite3_stmt *statement = prepare(sql);
  check(sqlite3_step(statement));
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: bare-settlement FILE YYYY_MM NUMBER\n");
    return 64;
  }
  int64_t period = atoll(argv[3]);
  check(sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
  check(sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536", NULL, NULL, NULL));
  sqlite3_wal_hook(db, wal_grew, NULL);
  double start = now();

  // Read and group: positions by patron, then by thing.
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM click_log_%s WHERE undone = 0", argv[2]);
  size_t clicks = (size_t)scalar(sql);
  size_t accounts = (size_t)scalar("SELECT max(id) FROM account");
  size_t things = (size_t)scalar("SELECT max(id) FROM thing");
  uint32_t *patron_of = malloc(clicks * 4), *thing_of = malloc(clicks * 4), *grouped = malloc(clicks * 4);
  size_t *first = calloc(accounts + 2, sizeof *first);
  snprintf(sql, sizeof sql, "SELECT patron_id, thing_id FROM click_log_%s WHERE undone = 0", argv[2]);
  sqlite3_stmt *read = prepare(sql);
  for (size_t i = 0; i < clicks; i++) {
    check(sqlite3_step(read));
    patron_of[i] = (uint32_t)sqlite3_column_int64(read, 0);
    thing_of[i] = (uint32_t)sqlite3_column_int64(read, 1);
    first[patron_of[i] + 1]++;
  }
  sqlite3_finalize(read);
  for (size_t a = 1; a <= accounts + 1; a++) first[a] += first[a - 1];
  size_t *next = malloc((accounts + 2) * sizeof *next);
  memcpy(next, first, (accounts + 2) * sizeof *next);
  for (size_t i = 0; i < clicks; i++) grouped[next[patron_of[i]]++] = thing_of[i];
  uint32_t *owner_of = calloc(things + 1, 4);
  read = prepare("SELECT id, owner_id FROM thing");
  while (sqlite3_step(read) == SQLITE_ROW)
    owner_of[sqlite3_column_int64(read, 0)] = (uint32_t)sqlite3_column_int64(read, 1);
  sqlite3_finalize(read);
  int64_t *pots = calloc(accounts + 1, 8);
  int64_t *available = calloc(accounts + 1, 8), *held = calloc(accounts + 1, 8);
  snprintf(sql, sizeof sql, "SELECT account_id, held_micros FROM pot WHERE period = %lld", (long long)period);
  read = prepare(sql);
  while (sqlite3_step(read) == SQLITE_ROW) pots[sqlite3_column_int64(read, 0)] = sqlite3_column_int64(read, 1);
  sqlite3_finalize(read);
  read = prepare("SELECT id, available_micros, pots_micros FROM account");
  while (sqlite3_step(read) == SQLITE_ROW) {
    available[sqlite3_column_int64(read, 0)] = sqlite3_column_int64(read, 1);
    held[sqlite3_column_int64(read, 0)] = sqlite3_column_int64(read, 2);
  }
  sqlite3_finalize(read);

  begin = prepare("BEGIN IMMEDIATE");
  commit = prepare("COMMIT");
  commit_row = prepare(
      "INSERT INTO commit_log (sequence, time_ms, click_rows, rows_hash, link) VALUES (?, 1796083200000, 0, ?, ?)");
  sequence = scalar("SELECT max(sequence) FROM commit_log");
  int64_t transfer_id = scalar("SELECT max(id) FROM transfer");
  sqlite3_stmt *file_click = prepare("INSERT INTO click VALUES (?, ?, ?, ?)");
  sqlite3_stmt *file_revenue = prepare("INSERT INTO revenue VALUES (?, ?, ?, ?, ?)");
  sqlite3_stmt *transfer = prepare("INSERT INTO transfer VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?)");

  // Pass 1: cut each pot, file its clicks, and sum by thing.
  int64_t *earned = calloc(things + 1, 8);
  uint32_t *clicked = calloc(things + 1, 4);
  size_t patrons_in_commit = 0, rows_in_commit = 0;
  RUN(begin, 0);
  for (size_t a = 1; a <= accounts; a++) {
    size_t n = first[a + 1] - first[a];
    if (n == 0 || pots[a] == 0) continue;
    uint32_t *mine = grouped + first[a];
    qsort(mine, n, 4, by_value);
    int64_t base = pots[a] / (int64_t)n, rest = pots[a] % (int64_t)n;
    size_t offset = mix((uint64_t)a * 4096 + (uint64_t)period) % n;
    for (size_t j = 0; j < n; j++) {
      int64_t share = base + ((int64_t)((j + n - offset) % n) < rest);
      RUN(file_click, period, (int64_t)a, mine[j], share);
      earned[mine[j]] += share;
      clicked[mine[j]]++;
    }
    held[a] -= pots[a];
    RUN(transfer, ++transfer_id, sequence + 1, 7, (int64_t)a, pots[a], period + 1, period, available[a], held[a]);
    rows_in_commit += n;
    if (++patrons_in_commit >= 4096 || rows_in_commit >= 8192) {
      end_commit();
      RUN(begin, 0);
      patrons_in_commit = rows_in_commit = 0;
    }
  }

  // Pass 2: things by owner, one payment each.
  size_t *first_thing = calloc(accounts + 2, sizeof *first_thing);
  for (size_t t = 1; t <= things; t++) first_thing[owner_of[t] + 1]++;
  for (size_t a = 1; a <= accounts + 1; a++) first_thing[a] += first_thing[a - 1];
  uint32_t *things_of = malloc(things * 4);
  memcpy(next, first_thing, (accounts + 2) * sizeof *next);
  for (size_t t = 1; t <= things; t++) things_of[next[owner_of[t]]++] = (uint32_t)t;
  for (size_t a = 1; a <= accounts; a++) {
    int64_t sum = 0;
    for (size_t i = first_thing[a]; i < first_thing[a + 1]; i++) {
      uint32_t t = things_of[i];
      if (clicked[t] == 0) continue;
      RUN(file_revenue, period, (int64_t)a, t, clicked[t], earned[t]);
      sum += earned[t];
      rows_in_commit++;
    }
    if (sum == 0) continue;
    available[a] += sum;
    RUN(transfer, ++transfer_id, sequence + 1, 8, (int64_t)a, sum, period + 1, period, available[a], held[a]);
    if (++patrons_in_commit >= 4096 || rows_in_commit >= 8192) {
      end_commit();
      RUN(begin, 0);
      patrons_in_commit = rows_in_commit = 0;
    }
  }
  end_commit();
  printf("%zu %.6f\n", clicks, now() - start);
  return 0;
}
