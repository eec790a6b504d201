"""versions - every place that names the version names the same; another one reaches all of them, and only a
version whose day NEWS tells is released."""
import pathlib
import shutil
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools/release"))

import version
from tap import Tap

NEXT = "7.8.9-rc.1"


def copy_places(folder):
    for name, _, _ in version.PLACES:
        for path in version.files(name):
            target = folder / path.relative_to(TOP)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def reached_faults():
    version.write(NEXT)
    if version.current() != NEXT:
        yield f"configure.ac still has {version.current()}"
    for place in version.PLACES:
        yield from version.faults_of(*place, NEXT)


def news_faults():
    news = version.TOP / "NEWS"
    news.write_text(f"# News\n\n## {NEXT} (not released)\n\nNew.\n")
    if not list(version.tag_faults(f"v{NEXT}", NEXT)):
        yield "a version whose day NEWS does not tell is let through"
    news.write_text(f"# News\n\n## {NEXT} (2000-01-31)\n\nOld.\n")
    yield from version.tag_faults(f"v{NEXT}", NEXT)
    if not list(version.tag_faults("v7.8.9", NEXT)):
        yield "the tag of another version is let through"
    version.write("8.0.0")
    if news.read_text() != f"# News\n\n## 8.0.0 (not released)\n\n## {NEXT} (2000-01-31)\n\nOld.\n":
        yield f"NEWS does not begin anew: {news.read_text()!r}"


def main():
    tap = Tap()
    now = version.current()
    for name, what, pattern in version.PLACES:
        tap.result(f"{name}, {what}: the version of configure.ac", version.faults_of(name, what, pattern, now))
    tap.result("debian/changelog, where it is there, has the version of configure.ac", version.debian_faults(now))
    with tempfile.TemporaryDirectory() as folder:
        copy_places(pathlib.Path(folder))
        version.TOP = pathlib.Path(folder)
        tap.result("another version reaches every place", reached_faults())
        tap.result("NEWS decides what is released", news_faults())
    tap.end()


main()
