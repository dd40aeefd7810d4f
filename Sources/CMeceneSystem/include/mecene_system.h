#ifndef MECENE_SYSTEM_H
#define MECENE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>

// epoll_data is a union and accept4 hides behind a feature macro; these give Swift plain functions.
int mecene_accept(int listener);
int mecene_epoll_create(void);
int mecene_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
// Waits this many milliseconds at the most.
int mecene_epoll_wait(int epoll, struct epoll_event *events, int capacity, int milliseconds);
// A descriptor that is readable after a wake, until it is calmed.
int mecene_wake_create(void);
void mecene_wake(int descriptor);
void mecene_wake_calm(int descriptor);
uint64_t mecene_epoll_token(const struct epoll_event *event);

enum {
  mecene_epoll_add = EPOLL_CTL_ADD,
  mecene_epoll_modify = EPOLL_CTL_MOD,
  mecene_epoll_delete = EPOLL_CTL_DEL,
};
enum {
  mecene_epoll_readable = EPOLLIN,
  mecene_epoll_writable = EPOLLOUT,
  mecene_epoll_hung_up = EPOLLHUP | EPOLLERR,
  // The peer sends nothing any more.
  mecene_epoll_left = EPOLLRDHUP,
};
#endif

// Bytes of the system's random source.
void mecene_random(void *bytes, size_t count);

// How many cells of a terminal a character takes: 0 for a mark upon another, -1 when nobody knows.
int mecene_cells(uint32_t character);

// ThreadSanitizer does not see the futex behind Swift's Mutex; these tell it, and are nothing elsewhere.
void mecene_tsan_acquire(void *address);
void mecene_tsan_release(void *address);

// Milliseconds of a counter that counts through suspension and never jumps.
int64_t mecene_boot_milliseconds(void);

// Lets the allocator return what it keeps free to the system.
void mecene_give_memory_back(void);
// Lets large pieces of memory go back as soon as they are free, and few pools keep small ones. Called once, at the start.
void mecene_keep_memory_lean(void);

// Ends the process with a sentence and status 1 when a mapped file was cut, or its disk failed: nothing can go on then.
void mecene_end_on_bus_error(const char *sentence);

// True when a file lock was taken; false with errno set.
bool mecene_lock_file(int descriptor);

#endif
