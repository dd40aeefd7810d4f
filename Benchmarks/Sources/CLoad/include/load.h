#ifndef MECENE_LOAD_H
#define MECENE_LOAD_H

#include <stdint.h>
#include <sys/epoll.h>

// epoll_data is a union and epoll's constants are enums, which Swift's C library module leaves out.
int load_epoll_create(void);
int load_epoll_watch(int epoll, int operation, int descriptor, int writes, uint64_t token);
int load_epoll_wait(int epoll, struct epoll_event *events, int capacity);
uint64_t load_epoll_token(const struct epoll_event *event);

enum { load_epoll_add = EPOLL_CTL_ADD, load_epoll_modify = EPOLL_CTL_MOD };

// Connects and makes the socket non-blocking; -1 with errno set. A port of 0 means that `where` is a Unix socket.
int load_connect(const char *where, int port);

// Waits until a descriptor is readable, for this many nanoseconds at the most; below 0 = for ever.
void load_wait_readable(int descriptor, int64_t nanoseconds);

uint64_t load_now_ns(void);

#endif
