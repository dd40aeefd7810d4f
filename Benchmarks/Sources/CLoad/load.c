#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int load_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int load_epoll_watch(int epoll, int operation, int descriptor, int writes, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.u64 = token};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

int load_epoll_wait(int epoll, struct epoll_event *events, int capacity) {
  return epoll_wait(epoll, events, capacity, 0);
}

uint64_t load_epoll_token(const struct epoll_event *event) { return event->data.u64; }

int load_connect(const char *where, int port) {
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (port == 0) {
    snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
  } else if (inet_pton(AF_INET, where, &remote.sin_addr) != 1) {
    errno = EINVAL;
    return -1;
  }
  int descriptor = socket(port == 0 ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  int code = port == 0 ? connect(descriptor, (struct sockaddr *)&local, sizeof local)
                       : connect(descriptor, (struct sockaddr *)&remote, sizeof remote);
  if (code != 0) {
    close(descriptor);
    return -1;
  }
  int on = 1;
  if (port != 0) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  return descriptor;
}

void load_wait_readable(int descriptor, int64_t nanoseconds) {
  struct pollfd watched = {.fd = descriptor, .events = POLLIN};
  struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  ppoll(&watched, 1, nanoseconds < 0 ? NULL : &time, NULL);
}

uint64_t load_now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}
