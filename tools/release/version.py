#!/usr/bin/python3
"""version - the version of the project: configure.ac has it, and every other place has to agree.

  tools/release/version.py             print it
  tools/release/version.py --set X.Y.Z
                                       write another one to every place
  tools/release/version.py --check [TAG]
                                       say which places disagree, and whether TAG (vX.Y.Z) may be released
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
SEMANTIC = r"\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?"
VERSION = f"({SEMANTIC})"

# Files, what in them it is, and the text around it.  The first is where it comes from.
PLACES = [
    ("configure.ac", "AC_INIT", rf"AC_INIT\(\[notification-system\], \[{VERSION}\]"),
    ("docs/openapi.yaml", "info", rf"^  version: {VERSION}$"),
    ("docs/openapi.yaml", "the example of /version", rf"\{{ name: notification-system, version: {VERSION} \}}"),
    ("docs/openapi.yaml", "the example of /metrics", rf'build_info\{{version="{VERSION}"\}}'),
    ("docs/api.html", "title", rf"<h1>Notification system {VERSION}</h1>"),
    ("docs/api.html", "the example of /version", rf"&quot;version&quot;: &quot;{VERSION}&quot;"),
    ("docs/api.html", "the example of /metrics", rf"build_info\{{version=&quot;{VERSION}&quot;\}}"),
    ("docs/api.md", "what /metrics prints", rf'build_info\{{version="{VERSION}"\}}'),
    ("man/*.[1-8]", "the line at the foot", rf'^\.TH .*"notification-system {VERSION}"'),
    ("docs/packages.md", "the names of files", rf"notification-system[-_]{VERSION}(?=\.tar|\.orig|-\d+[._])"),
    ("docker-compose.yml", "the images", rf"NOTIFY_VERSION:-{VERSION}\}}"),
    ("k8s/example/kustomization.yaml", "newTag", rf"newTag: {VERSION}\}}"),
    ("NEWS", "the first heading", rf"\A# News\n\n## {VERSION} "),
]
# `dch` writes it, with the package's own number after it; a tarball need not have it.  The spec file is made by configure.
DEBIAN = ("debian/changelog", "the first entry", r"\Anotification-system \(([^)]+)-[^-)]+\)")
RELEASED = rf"\A# News\n\n## {VERSION} \(\d{{4}}-\d\d-\d\d\)$"


def files(name):
    return sorted(TOP.glob(name))


def read(path):
    return path.read_text(encoding="utf-8")


def current():
    name, _, pattern = PLACES[0]
    return re.search(pattern, read(TOP / name))[1]


def faults_of(name, what, pattern, version):
    """Of one row, which has to fit somewhere in each of its files."""
    if not files(name):
        yield f"there is no {name}"
    for path in files(name):
        here = path.relative_to(TOP)
        versions = re.findall(pattern, read(path), re.MULTILINE)
        if not versions:
            yield f"{here} has no version in {what}"
        for other in set(versions) - {version}:
            yield f"{here} says {other} in {what}, configure.ac says {version}"


def debian_faults(version):
    """What comes before a release sorts before it by a tilde there: 0.2.0~rc.1."""
    return faults_of(*DEBIAN, version.replace("-", "~")) if files(DEBIAN[0]) else iter(())


def released_in_news():
    """The version whose day the head of NEWS tells, or None."""
    head = re.search(RELEASED, read(TOP / "NEWS"), re.MULTILINE)
    return head and head[1]


def tag_faults(tag, version):
    if tag != f"v{version}":
        yield f"the tag is {tag}, the version {version}"
    if released_in_news() != version:
        yield f"NEWS does not begin with ## {version} (YYYY-MM-DD), the day of the release"


def begin_news(version):
    """What was released stays as it is."""
    if released_in_news() not in (None, version):
        news = read(TOP / "NEWS")
        (TOP / "NEWS").write_text(news.replace("# News\n\n", f"# News\n\n## {version} (not released)\n\n", 1),
                                  encoding="utf-8")


def write(version):
    begin_news(version)
    for name, _, pattern in PLACES:
        for path in files(name):
            text = re.sub(pattern, lambda m: m[0].replace(m[1], version), read(path), flags=re.MULTILINE)
            path.write_text(text, encoding="utf-8")


def check(tags):
    faults = [fault for place in PLACES for fault in faults_of(*place, current())]
    faults += debian_faults(current())
    faults += [fault for tag in tags for fault in tag_faults(tag, current())]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def main(words):
    if not words:
        print(current())
        return 0
    if words[0] == "--check" and len(words) <= 2:
        return check(words[1:])
    if words[0] == "--set" and len(words) == 2 and re.fullmatch(SEMANTIC, words[1]):
        write(words[1])
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
