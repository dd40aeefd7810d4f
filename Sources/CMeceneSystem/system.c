#define _GNU_SOURCE
#include "mecene_system.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <wchar.h>

void mecene_random(void *bytes, size_t count) { arc4random_buf(bytes, count); }

#if defined(__linux__)
int mecene_accept(int listener) { return accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int mecene_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int mecene_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

int mecene_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds) {
  return epoll_wait(epoll, events, capacity, milliseconds);
}

int mecene_wake_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
void mecene_wake(int descriptor) { (void)eventfd_write(descriptor, 1); }
void mecene_wake_calm(int descriptor) {
  eventfd_t count;
  (void)eventfd_read(descriptor, &count);
}

uint64_t mecene_epoll_token(const struct epoll_event *event) { return event->data.u64; }
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MECENE_TSAN 1
#endif
#endif

#ifdef MECENE_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
void mecene_tsan_acquire(void *address) { __tsan_acquire(address); }
void mecene_tsan_release(void *address) { __tsan_release(address); }
#else
void mecene_tsan_acquire(void *address) { (void)address; }
void mecene_tsan_release(void *address) { (void)address; }
#endif

int64_t mecene_boot_milliseconds(void) {
#if defined(__linux__)
  const clockid_t counter = CLOCK_BOOTTIME;
#else
  const clockid_t counter = CLOCK_MONOTONIC;
#endif
  struct timespec time = {0};
  (void)clock_gettime(counter, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool mecene_lock_file(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

void mecene_give_memory_back(void) {
#if defined(__GLIBC__)
  (void)malloc_trim(0);
#endif
}

void mecene_keep_memory_lean(void) {
#if defined(__GLIBC__)
  (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
  (void)mallopt(M_ARENA_MAX, 4);
#endif
}

// The table of widths is that of a locale, and the process keeps its own.
static locale_t unicode;
static void make_unicode(void) { unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

int mecene_cells(uint32_t character) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_unicode);
  if (unicode == (locale_t)0) return -1;
  locale_t before = uselocale(unicode);
  int cells = wcwidth((wchar_t)character);
  uselocale(before);
  return cells;
}

static const char *bus_error_sentence;

// Calls nothing that a handler may not.
static void end_on_bus_error(int number) {
  (void)number;
  (void)!write(STDERR_FILENO, bus_error_sentence, strlen(bus_error_sentence));
  _exit(1);
}

void mecene_end_on_bus_error(const char *sentence) {
  bus_error_sentence = strdup(sentence);
  if (bus_error_sentence == NULL) return;
  struct sigaction action = {.sa_handler = end_on_bus_error};
  sigaction(SIGBUS, &action, NULL);
}
