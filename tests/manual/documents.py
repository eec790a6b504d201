"""documents - the manual held against the sources: its links, its configurations, its lists.  Prints TAP."""
import os
import pathlib
import re
import subprocess
import tempfile

import packages
import pages
import tap

BUILD = pathlib.Path(os.environ.get("top_builddir", pages.TOP / "build"))


def link_fault(page, target):
    path, _, anchor = target.partition("#")
    to = (page.parent / path).resolve() if path else page
    if not to.exists():
        return "there is no such file"
    if anchor and (to.suffix != ".md" or anchor not in pages.anchors(to)):
        return "there is no such heading"
    return None


def link_faults():
    for page in pages.PAGES:
        for number, target in pages.links(page):
            fault = link_fault(page, target)
            if fault:
                yield f"{pages.name_of(page)}:{number}: {target}: {fault}"


def usable_here(text, folder):
    """The same, with the files that it names in this folder."""
    for path in re.findall(r"_file *= *(/\S+)", text):
        (folder / pathlib.Path(path).name).write_text("amqp://guest:guest@127.0.0.1/\n" if "rabbitmq" in path else "secret\n")
        text = text.replace(path, str(folder / pathlib.Path(path).name))
    return text


def refusal(text, folder):
    """What --check-config has against it."""
    (folder / "notification-system.conf").write_text(usable_here(text, folder))
    run = subprocess.run([BUILD.resolve() / "ctl/notifyctl", "-c", "notification-system.conf", "--check-config"],
                         cwd=folder, env={}, capture_output=True, text=True)
    return run.stderr.strip() or f"status {run.returncode}" if run.returncode else None


def configuration_faults():
    """Each block of ```ini; one of ```ini part shows a few lines that are no file."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for page in pages.PAGES:
            for number, text in pages.blocks(page, "ini"):
                fault = refusal(text, folder)
                if fault:
                    yield f"{pages.name_of(page)}:{number}: {fault}"


def packaged_faults():
    """What the packages bring; what stands there commented out is to be right too."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        text = (pages.TOP / "packaging/notification-system.conf").read_text()
        for title, one in [("as it is", text), ("with its examples", re.sub(r"^#(?=\w+ = )", "", text, flags=re.M))]:
            fault = refusal(one, folder)
            if fault:
                yield f"{title}: {fault}"


def installed_faults():
    makefile = (pages.TOP / "Makefile.am").read_text()
    for page in pages.PAGES:
        if not re.search(rf"\s{re.escape(pages.name_of(page))}\s", makefile):
            yield f"{pages.name_of(page)} is not in dist_doc_DATA of Makefile.am"


def listed_faults():
    readme = pages.PAGES[0].read_text()
    for page in pages.PAGES[1:]:
        if f"]({pages.name_of(page)})" not in readme:
            yield f"{pages.name_of(page)} is not among the documents of README.md"


def package_faults():
    """A build by hand needs what quickstart installs for it."""
    guide = (pages.TOP / "docs/getting-started.md").read_text()
    given = set(re.search(r"apt-get install -y (.*?)\nautoreconf", guide, re.S)[1].replace("\\", "").split())
    for package in sorted(packages.build_packages() - given):
        yield f"docs/getting-started.md does not install {package}"


results = tap.Tap()
results.result("every relative link leads to a file and a heading that are there", link_faults())
results.result("every configuration that is shown whole is accepted by --check-config", configuration_faults())
results.result("the configuration of the packages is accepted", packaged_faults())
results.result("every document is installed", installed_faults())
results.result("README.md lists every document", listed_faults())
results.result("the guide installs every package that the build needs", package_faults())
results.end()
