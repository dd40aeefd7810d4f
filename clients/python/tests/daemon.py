"""A real daemon for the tests."""

import os
import signal
import socket
import subprocess
import tempfile

MECENED = os.environ["MECENED"]
DECEMBER_MS = 1_796_083_200_000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    """mecened on a Unix socket and a TCP port, on a simulated clock."""

    def __init__(self, *arguments, directory=None):
        self._made = tempfile.TemporaryDirectory(prefix="mecene-") if directory is None else None
        self.directory = directory or self._made.name
        self.unix = f"unix:{self.directory}/s"
        self.tcp = f"tcp://127.0.0.1:{free_port()}"
        self.arguments = arguments
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [MECENED, "--data", f"{self.directory}/data", "--listen", self.unix, "--listen", self.tcp,
             "--simulated-clock", "2026-11-01T00:00:00Z", "--log-level", "critical", *self.arguments],
            stdout=subprocess.PIPE)
        assert b"is ready" in self.process.stdout.readline()

    def stop(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        self.process.wait()
        self.process.stdout.close()

    def pause(self):
        """Lets it hang, until it goes on."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        if self._made:
            self._made.cleanup()
