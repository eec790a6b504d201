"""listening - notify.fcgi as the units start it: on a socket that is passed as fd 3, telling of itself."""
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from tap import Tap

PROGRAM = pathlib.Path(os.environ.get("top_builddir", "."), "fcgi/notify.fcgi").resolve()
PATIENCE = 20 * float(os.environ.get("CK_TIMEOUT_MULTIPLIER", "1"))
# Neighbours that are away: nothing of them is needed here.
SETTINGS = """[database]
host = 127.0.0.1
port = 1
[redis]
port = 1
[rabbitmq]
url = amqp://127.0.0.1:1/
"""


# ---- a web server's part ----

def record(kind, content=b""):
    return struct.pack(">BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    return bytes([len(name), len(value)]) + name.encode() + value.encode()


def ask(path, target):
    """The status line's number, and which process answered it; None: nobody did."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(str(path))
        params = pair("REQUEST_METHOD", "GET") + pair("REQUEST_URI", target)
        s.sendall(record(1, b"\0\1\0" + bytes(5)) + record(4, params) + record(4) + record(5))
        pid = struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        answer = b""
        try:
            while more := s.recv(65536):
                answer += more
        except (TimeoutError, ConnectionResetError):
            return None, pid
    place = answer.find(b"Status: ")
    return (int(answer[place + 8:place + 11]) if place >= 0 else 200 if answer else None), pid


# ---- a service manager's part ----

class Manager:
    """A listening socket, and the socket that programs tell their state to."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "notify.sock"
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen(64)
        self.ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ears.bind(str(folder / "notify"))
        self.ears.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.ears.settimeout(PATIENCE)
        self.config = folder / "notify.conf"
        self.config.write_text(SETTINGS, encoding="utf-8")
        self.processes = []
        self.told = []

    def become_program(self):
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(self.listening.fileno(), 3)
        os.set_inheritable(3, True)  # dup2 leaves it as it was where both are 3
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        environment = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "NOTIFY_SOCKET": str(self.folder / "notify")}
        os.execve(PROGRAM, [str(PROGRAM), "--config", str(self.config)], environment)

    def start(self):
        pid = os.fork()
        if pid == 0:
            try:
                self.become_program()
            finally:
                os._exit(127)
        self.processes.append(pid)
        return pid

    def hears(self, pid, state):
        """Waits until this process has told this state."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if (pid, state) in self.told:
                self.told.remove((pid, state))
                return True
            try:
                words, ancillary, _, _ = self.ears.recvmsg(4096, socket.CMSG_SPACE(12))
            except TimeoutError:
                return False
            teller = struct.unpack("3i", ancillary[0][2])[0]
            self.told += [(teller, line) for line in words.decode().splitlines()]
        return False

    def end(self, pid):
        self.processes.remove(pid)
        return os.waitpid(pid, 0)[1]

    def close(self):
        for pid in self.processes:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def statuses(manager, n):
    return [ask(manager.path, "/health")[0] for _ in range(n)]


def ready_faults(manager, pids):
    for pid in pids:
        if not manager.hears(pid, "READY=1"):
            yield f"process {pid} did not tell that it is ready"


def together_faults(manager, pids):
    """While one is stopped the other answers all, so both do take connections."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)  # a thread that still runs could take a connection, and stop then
        if statuses(manager, 20) != [200] * 20:
            yield f"while process {pid} stands still"
        os.kill(pid, signal.SIGCONT)


def reload_faults(manager, pid):
    os.kill(pid, signal.SIGHUP)
    if not manager.hears(pid, "RELOADING=1"):
        yield "no RELOADING=1"
    if not manager.hears(pid, "READY=1"):
        yield "no READY=1 after it"


def restart_faults(manager, pid):
    os.kill(pid, signal.SIGTERM)
    if not manager.hears(pid, "STOPPING=1"):
        yield "no STOPPING=1"
    if statuses(manager, 20) != [200] * 20:
        yield "a request was not answered while one ended"
    status = manager.end(pid)
    if status != 0:
        yield f"wait status {status}"
    fresh = manager.start()
    if not manager.hears(fresh, "READY=1"):
        yield "the new one is not ready"
    if statuses(manager, 20) != [200] * 20:
        yield "a request was not answered afterwards"


def waiting_faults(manager):
    """Nobody is there, the socket is: what comes meanwhile is answered by the next process."""
    for pid in list(manager.processes):
        os.kill(pid, signal.SIGTERM)
        manager.end(pid)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(PATIENCE)
        s.connect(str(manager.path))
        params = pair("REQUEST_METHOD", "GET") + pair("REQUEST_URI", "/health")
        s.sendall(record(1, b"\0\1\0" + bytes(5)) + record(4, params) + record(4) + record(5))
        manager.start()
        try:
            if b"ok" not in s.recv(65536):
                yield "it was answered otherwise"
        except TimeoutError:
            yield "it was not answered"


def activated_faults(folder):
    """systemd's own tool starts it at the first connection."""
    path = folder / "activated.sock"
    with open(folder / "activated.log", "wb") as log:
        process = subprocess.Popen(["systemd-socket-activate", "-l", str(path), str(PROGRAM), "--config",
                                    str(folder / "notify.conf")], stdout=log, stderr=log,
                                   env={"PATH": os.environ["PATH"]})
    try:
        until = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.02)
        status, _ = ask(path, "/health")
        if status != 200:
            yield f"status {status}"
    finally:
        process.terminate()
        status = process.wait(PATIENCE)
    if status != 0:
        yield f"exit status {status}"


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        manager = Manager(pathlib.Path(name))
        try:
            first, second = manager.start(), manager.start()
            tap.result("two processes on the socket of systemd tell that they are ready", ready_faults(manager, [first, second]))
            tap.result("each of them answers while the other stands still", together_faults(manager, [first, second]))
            tap.result("a reload is told of", reload_faults(manager, first))
            tap.result("one is started anew and no request is lost", restart_faults(manager, first))
            tap.result("what comes while none is there waits in the socket", waiting_faults(manager))
        finally:
            manager.close()
        if shutil.which("systemd-socket-activate") is None:
            tap.result("systemd-socket-activate starts it # SKIP it is missing")
        else:
            tap.result("systemd-socket-activate starts it", activated_faults(pathlib.Path(name)))
    tap.end()


main()
