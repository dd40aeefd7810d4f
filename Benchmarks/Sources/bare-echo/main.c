// The least that a server can do: sends back what it receives. One thread, one epoll, nothing parsed.
//
//   bare-echo tcp PORT | unix PATH      prints "ready" once it listens; ends with its standard input
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char buffer[1 << 18];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int listening(const char *kind, const char *where) {
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  struct sockaddr_in remote = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int is_unix = strcmp(kind, "unix") == 0;
  int listener = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener < 0) fail("socket");
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
  remote.sin_port = htons((uint16_t)atoi(where));
  int code = is_unix ? bind(listener, (struct sockaddr *)&local, sizeof local)
                     : bind(listener, (struct sockaddr *)&remote, sizeof remote);
  if (code != 0) fail("bind");
  if (listen(listener, 1024) != 0) fail("listen");
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: bare-echo tcp PORT | unix PATH\n");
    return 64;
  }
  int listener = listening(argv[1], argv[2]);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  event.data.fd = 0;
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
  printf("ready\n");
  fflush(stdout);
  struct epoll_event events[256];
  for (;;) {
    int count = epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor == listener) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0) continue;
        int on = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.fd = accepted;
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
        continue;
      }
      if (descriptor == 0) {
        if (read(0, buffer, sizeof buffer) <= 0) return 0;
        continue;
      }
      ssize_t bytes = recv(descriptor, buffer, sizeof buffer, 0);
      if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) close(descriptor);
      // A client of this benchmark always reads, so a full socket is waited for.
      for (ssize_t sent = 0; sent < bytes;) {
        ssize_t more = send(descriptor, buffer + sent, (size_t)(bytes - sent), MSG_NOSIGNAL);
        if (more > 0) sent += more;
        else if (errno != EAGAIN && errno != EINTR) break;
      }
    }
  }
}
