"""
commands - runs the ```sh blocks of the manual's guides against a running system, as they stand.  Prints TAP.

  tests/openapi/python.sh tests/manual/commands.py ENV    ENV: a quickstart's env file

A block must end with status 0, and no answer that curl -i shows in it may be a refusal.  Blocks of ```bash are for
other machines or change something for good, and are not run.  docs/api.md and docs/operations.md have tests of their own.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import pages
import tap

GUIDES = ["getting-started", "providers", "security", "upgrade", "scaling"]


def environment(path, folder):
    words = shlex.split(pathlib.Path(path).read_text())
    env = dict(word.split("=", 1) for word in words)
    script = folder / "notifyctl"
    script.write_text(f'#!/bin/sh\nexec {env["NOTIFY_BIN"]}/notifyctl -c {env["NOTIFY_CONFIG"]} "$@"\n')
    script.chmod(0o755)
    return env | {"PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)}


def faults(text, env, folder):
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=env, cwd=folder, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True)
    said = run.stdout + run.stderr
    if run.returncode:
        yield f"status {run.returncode}: {said}"
    for status in re.findall(r"^HTTP/\S+ (\d+)", said, re.M):
        if not status.startswith("2"):
            yield f"answered {status}: {said}"


if len(sys.argv) != 2:
    sys.exit(__doc__)
results = tap.Tap()
with tempfile.TemporaryDirectory() as name:
    place = pathlib.Path(name)
    known = environment(sys.argv[1], place)
    for guide in GUIDES:
        page = pages.TOP / "docs" / f"{guide}.md"
        for number, block in pages.blocks(page, "sh"):
            results.result(f"{pages.name_of(page)}:{number}", faults(block, known, place))
results.end()
