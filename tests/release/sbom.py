"""sbom - the document of tools/release/sbom.py names what the programs are linked with, and is whole."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from tap import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("top_builddir", "."))
PROGRAMS = [BUILD / name for name in ("fcgi/notify.fcgi", "workerd/workerd", "ctl/notifyctl")]
# What configure asks for and the programs that are installed do without.
FOR_TESTS = {"check", "libssl"}
# pkg-config's names where the document has others.
CALLED = {"librabbitmq": "rabbitmq-c", "libcurl": "curl", "libcrypto": "openssl"}


def made(folder, name):
    out = pathlib.Path(folder) / name
    subprocess.run([sys.executable, "-B", TOP / "tools/release/sbom.py", "--out", out, *PROGRAMS], check=True)
    return out.read_text(encoding="utf-8")


def member_faults(sbom):
    """What SPDX 2.3 wants of each element, as far as we have such elements."""
    wanted = {
        "document": ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"),
        "packages": ("name", "SPDXID", "versionInfo", "downloadLocation", "licenseDeclared", "copyrightText"),
        "files": ("fileName", "SPDXID", "checksums"),
    }
    for kind, names in wanted.items():
        for element in [sbom] if kind == "document" else sbom[kind]:
            for name in names:
                if not element.get(name):
                    yield f"{element.get('SPDXID')} of {kind} has no {name}"
            if element.get("versionInfo") == "NOASSERTION":
                yield f"{element['SPDXID']}: no version was found"
            if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", element["SPDXID"]):
                yield f"{element['SPDXID']} is no SPDX identifier"


def relation_faults(sbom):
    known = {"SPDXRef-DOCUMENT"} | {one["SPDXID"] for kind in ("packages", "files") for one in sbom[kind]}
    named = {one[end] for one in sbom["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
    yield from (f"{one} is related and not there" for one in sorted(named - known))
    yield from (f"{one} is there and not related" for one in sorted(known - named))


def file_faults(sbom):
    for program, entry in zip(PROGRAMS, sbom["files"], strict=True):
        sums = {one["algorithm"]: one["checksumValue"] for one in entry["checksums"]}
        if sums["SHA256"] != hashlib.sha256(program.read_bytes()).hexdigest():
            yield f"{program} has another checksum"


def library_faults(sbom):
    """configure.ac tells what is needed; the document was made from what the programs ask the loader for."""
    needed = set(re.findall(r"PKG_CHECK_MODULES\(\[\w+\], \[(\w+)", (TOP / "configure.ac").read_text()))
    there = {one["name"] for one in sbom["packages"]}
    for module in sorted(needed - FOR_TESTS):
        if CALLED.get(module, module) not in there:
            yield f"{module} is not among {', '.join(sorted(there))}"


def main():
    if shutil.which("readelf") is None:
        print("1..0 # SKIP no readelf")
        return
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        text = made(folder, "one")
        tap.result("the same programs give the same document", [] if made(folder, "two") == text else ["they differ"])
    sbom = json.loads(text)
    tap.result("each element has what SPDX 2.3 wants", member_faults(sbom))
    tap.result("everything in it is related to something in it", relation_faults(sbom))
    tap.result("the checksums are those of the programs", file_faults(sbom))
    tap.result("each library of configure.ac is in it", library_faults(sbom))
    tap.end()


main()
