"""stack - a running quickstart, as the benches see it: where things are, who uses what."""
import glob
import os
import subprocess
import time
import urllib.request

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PARTS = ["front", "notify.fcgi", "workerd", "postgres", "redis", "rabbitmq", "simulator"]
OURS = ["notify.fcgi", "workerd"]


class Failed(SystemExit):
    """A bench that cannot go on, in words for who runs it; uncaught it ends the script with them."""


def read_env(folder):
    """The assignments of DIR/env."""
    path = os.path.join(folder, "env")
    if not os.path.exists(path):
        raise Failed(f"no quickstart runs in {folder}: it has no env")
    text = subprocess.run(["bash", "-c", 'set -a; . "$1"; env -0', "bash", path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


class Session:
    """A psql that stays: one for each question would take a tenth of two cores while something is waited for."""

    END = "that was all"

    def __init__(self, url):
        self.psql = subprocess.Popen(["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", url], text=True, bufsize=1,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, text):
        self.psql.stdin.write(f"{text}\n;\n\\echo {self.END}\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == f"{self.END}\n":
                return "".join(lines).strip()
            lines.append(line)
        raise Failed(f"psql ended over: {text}")

    def close(self):
        self.psql.stdin.close()
        self.psql.stdout.close()
        self.psql.wait()


def sql(env, text):
    session = Session(env["DATABASE_URL"])
    try:
        return session.ask(text)
    finally:
        session.close()


def cpu_us(pids):
    """CPU time of these processes so far, all their threads, in microseconds."""
    ns = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                with open(path) as file:
                    ns += int(file.read().split()[0])
            except OSError:  # a thread that has ended meanwhile
                pass
    return ns / 1000


def family(pids):
    """These processes and all below them."""
    found = []
    for pid in pids:
        found.append(pid)
        for path in glob.glob(f"/proc/{pid}/task/*/children"):
            try:
                with open(path) as file:
                    found += family(file.read().split())
            except OSError:  # one that has ended meanwhile
                pass
    return found


def pids_of(folder, part):
    """The processes of a part of the quickstart in this folder."""
    with open(os.path.join(folder, "run", f"{part}.pid")) as file:
        return file.read().split()


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=2):
            return True
    except OSError:
        return False


class Stack:
    """A quickstart in a folder of its own; ended by stop()."""

    def __init__(self, folder, programs, front, settings=(), simulator=()):
        self.folder, self.front = folder, front
        command = [f"{SOURCE}/quickstart", "--dir", folder, "--detach", "--front", front,
                   "--set", "rate_limit.enabled=false"]
        command += ["--no-install", "--bin", programs] if programs else []
        command += [word for key in settings for word in ("--set", key)]
        command += [word for option in simulator for word in ("--simulator", option)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Failed(f"quickstart did not start:\n{done.stdout}")
        self.env = read_env(folder)
        self.session = None

    def stop(self):
        self.hang_up()
        subprocess.run([f"{SOURCE}/quickstart", "--dir", self.folder, "--stop"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def hang_up(self):
        if self.session:
            self.session.close()
        self.session = None

    def sql(self, text):
        self.session = self.session or Session(self.env["DATABASE_URL"])
        return self.session.ask(text)

    def cpu(self):
        """CPU time of each part so far; Postgres' sessions must not end in between."""
        return {part: cpu_us(family(pids_of(self.folder, part))) for part in PARTS if self.is_up(part)}

    def is_up(self, part):
        return os.path.exists(os.path.join(self.folder, "run", f"{part}.pid"))

    def pss_mb(self, part):
        """The largest of this part's processes: proportional set size, which shares what is shared."""
        most = 0
        for pid in pids_of(self.folder, part):
            with open(f"/proc/{pid}/smaps_rollup") as file:
                most = max(most, *(int(line.split()[1]) for line in file if line.startswith("Pss:")))
        return most / 1024

    def restart_postgres(self):
        """The programs connect again by themselves."""
        self.hang_up()
        subprocess.run(["sv", "restart", f"{self.folder}/sv/postgres"], check=True, stdout=subprocess.DEVNULL)
        self.wait_until_ready()

    def wait_until_ready(self):
        limit = time.monotonic() + 30
        while not is_ready(self.env["NOTIFY_URL"]):
            if time.monotonic() > limit:
                raise Failed(f"not all is well again after 30 s; see {self.folder}/log")
            time.sleep(0.1)

    def set_worker(self, up):
        subprocess.run(["sv", "up" if up else "down", f"{self.folder}/sv/workerd"], check=True,
                       stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            if is_ready(self.env["WORKERD_URL"]) == up:
                return
            time.sleep(0.01)
        raise Failed(f"workerd is not {'up' if up else 'down'} after 30 s; see {self.folder}/log/workerd.log")

    def open_rows(self):
        return int(self.sql("SELECT (SELECT count(*) FROM dispatch)"
                            " + (SELECT coalesce(sum(span), 0) FROM dispatch_runs)"))

    def empty(self):
        """No message any more; events that are still with the broker find nothing and are dropped."""
        self.sql("TRUNCATE messages, message_recipients, dispatch, dispatch_runs, message_events, idempotency")
