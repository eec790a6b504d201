"""units - systemd/: what systemd-analyze says of the units, with the programs of this build tree in them."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tap import Tap

TOP = pathlib.Path(os.environ.get("top_srcdir", "."))
BUILD = pathlib.Path(os.environ.get("top_builddir", ".")).resolve()
UNITS = ["notify-fcgi.socket", "notify-fcgi@.service", "workerd.service", "notification-system-migrate.service"]
SERVICES = [unit for unit in UNITS if unit.endswith(".service")]
DAEMONS = ["notify-fcgi@.service", "workerd.service"]
PROGRAMS = {"notify.fcgi": "fcgi", "workerd": "workerd", "notifyctl": "ctl"}
WORST = 20  # tenths: an exposure of at most 2.0


def settings(unit):
    """[(key, value)] of a unit that was made; a key may stand several times."""
    lines = (BUILD / "systemd" / unit).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("=", 1)) for line in lines if re.match(r"[A-Z]\w*=", line)]


def setting(unit, key):
    return dict(settings(unit)).get(key, "")


def analyze(folder, *words):
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, SYSTEMD_UNIT_PATH=f"{folder}:", LC_ALL="C"))
    return done.returncode, done.stdout + done.stderr


def lay_out(folder):
    """The units as they would be installed, but the programs are those of the build tree."""
    for unit in UNITS:
        text = (BUILD / "systemd" / unit).read_text(encoding="utf-8")
        for name, place in PROGRAMS.items():
            text = re.sub(rf"^ExecStart=\S*/{re.escape(name)} ", f"ExecStart={BUILD}/{place}/{name} ", text, flags=re.M)
        (folder / unit).write_text(text, encoding="utf-8")


def verify_faults(folder, unit):
    instance = unit.replace("@.", "@1.")
    code, said = analyze(folder, "verify", "--man=no", str(folder / instance))
    if code or unit in said or instance in said:
        yield said.strip() or f"status {code}"


def sandbox_faults(folder, unit):
    code, said = analyze(folder, "security", "--offline=yes", "--no-pager", f"--threshold={WORST}", str(folder / unit))
    if code:
        yield said.strip() if "exposure" not in said else re.search(r".*exposure.*", said)[0]


def with_secrets(folder):
    """The same with the drop-in of credentials."""
    for unit in SERVICES:
        place = folder / f"{unit}.d"
        place.mkdir()
        shutil.copy(BUILD / "systemd/credentials.conf", place)


def secret_faults():
    """Each credential is passed on by the name of a key that the configuration knows."""
    text = (BUILD / "systemd/credentials.conf").read_text(encoding="utf-8")
    loaded = re.findall(r"^LoadCredential=(\w+):", text, re.M)
    named = re.findall(r"^Environment=NOTIFY_(\w+)_FILE=%d/(\w+)$", text, re.M)
    if not loaded or sorted(loaded) != sorted(name for _, name in named):
        yield f"loaded are {loaded}, named are {named}"
    with tempfile.TemporaryDirectory() as folder:
        empty = pathlib.Path(folder, "empty.conf")
        empty.write_text("[provider.twilio]\naccount_sid = AC0\n", encoding="utf-8")
        for key, name in named:
            value = pathlib.Path(folder, name)
            value.write_text("amqp://127.0.0.1/" if name.endswith("url") else "a-secret", encoding="utf-8")
            done = subprocess.run([BUILD / "workerd/workerd", "-c", empty, "--check-config"], capture_output=True,
                                  text=True, env={**os.environ, f"NOTIFY_{key}_FILE": str(value)})
            if f"NOTIFY_{key}_FILE" in done.stderr:
                yield done.stderr


def life_faults(unit):
    wanted = {"Type": "notify", "Restart": "always", "User": "notification", "ExecReload": "/bin/kill -HUP $MAINPID"}
    for key, value in wanted.items():
        if setting(unit, key) != value:
            yield f"{key}={setting(unit, key)}"


def default_of(key):
    text = (TOP / "notification-system.conf.example").read_text(encoding="utf-8")
    return int(re.search(rf"^{key} = (\d+)", text, re.M)[1])


def patience_faults():
    if int(setting("workerd.service", "TimeoutStopSec")) <= default_of("drain_seconds"):
        yield "workerd is killed before drain_seconds are over"
    if int(setting("notify-fcgi@.service", "TimeoutStopSec")) * 1000 <= default_of("request_timeout_ms"):
        yield "notify.fcgi is killed before request_timeout_ms is over"
    if int(setting("workerd.service", "WatchdogSec")) < 120:
        yield "the watchdog is shorter than a few steps that wait 30 s each"


def left_faults():
    """What is still to be replaced, and paths that nothing replaced."""
    for made in [*UNITS, "tmpfiles.d/notification-system.conf", "credentials.conf"]:
        text = (BUILD / "systemd" / made).read_text(encoding="utf-8")
        for one in re.findall(r"@[a-z_]+@|\$\{\w+\}", text):
            yield f"{made}: {one}"


def main():
    tap = Tap()
    tap.result("nothing in the units is left to be replaced", left_faults())
    for unit in DAEMONS:
        tap.result(f"{unit} tells of itself and is started again", life_faults(unit))
    tap.result("nobody is killed in the middle of what it may finish", patience_faults())
    tap.result("each credential is a key of the configuration", secret_faults())
    if shutil.which("systemd-analyze") is None:
        tap.result("systemd-analyze takes the units and their sandbox # SKIP systemd-analyze is missing")
        tap.end()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lay_out(folder)
        for unit in UNITS:
            tap.result(f"systemd-analyze verify takes {unit}", verify_faults(folder, unit))
        for unit in SERVICES:
            tap.result(f"{unit} is exposed at most {WORST / 10}", sandbox_faults(folder, unit))
        with_secrets(folder)
        for unit in SERVICES:
            tap.result(f"systemd-analyze verify takes {unit} with credentials", verify_faults(folder, unit))
    tap.end()


main()
