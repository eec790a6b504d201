"""sbom - writes what the programs are and are linked with, as SPDX 2.3 in JSON.

  sbom.py --out FILE PROGRAM...      with --tarball FILE its checksum, too; `make sbom`

The libraries are those that each program asks the loader for; where these come from a Debian package, it is named
with its version.  The same build gives the same document.
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import platform
import re
import subprocess
import sys
import uuid

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools/release"))

import version

NAME = "notification-system"

# Each library by the beginning of its soname: what it is called, what prints its version, its licence.
GLIBC = ("glibc", ("getconf", "GNU_LIBC_VERSION"), "LGPL-2.1-or-later")
GCC = ("gcc", ("gcc", "-dumpfullversion"), "GPL-3.0-or-later WITH GCC-exception-3.1")
LIBRARIES = {
    "libfcgi.so": ("fcgi", ("pkg-config", "--modversion", "fcgi"), "OML"),
    "libpq.so": ("libpq", ("pkg-config", "--modversion", "libpq"), "PostgreSQL"),
    "libhiredis.so": ("hiredis", ("pkg-config", "--modversion", "hiredis"), "BSD-3-Clause"),
    "librabbitmq.so": ("rabbitmq-c", ("pkg-config", "--modversion", "librabbitmq"), "MIT"),
    "libcurl.so": ("curl", ("pkg-config", "--modversion", "libcurl"), "curl"),
    "libjansson.so": ("jansson", ("pkg-config", "--modversion", "jansson"), "MIT"),
    "libinih.so": ("inih", ("pkg-config", "--modversion", "inih"), "BSD-3-Clause"),
    "libcrypto.so": ("openssl", ("pkg-config", "--modversion", "libcrypto"), "Apache-2.0"),
    "libssl.so": ("openssl", ("pkg-config", "--modversion", "libssl"), "Apache-2.0"),
    "libmicrohttpd.so": ("libmicrohttpd", ("pkg-config", "--modversion", "libmicrohttpd"), "LGPL-2.1-or-later"),
    **{start: GLIBC for start in ("libc.so", "libm.so", "libresolv.so", "libdl.so", "librt.so", "libpthread.so", "ld-linux")},
    **{start: GCC for start in ("libgcc_s.so", "libasan.so", "libubsan.so")},
}


def output_of(*words):
    """ "" where there is no such program, or it has no answer."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def sonames(program):
    dynamic = output_of("readelf", "-d", str(program))
    if not dynamic:
        sys.exit(f"sbom: readelf can't read {program}; build it first, and install binutils")
    return re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)


def loaded_from(program, soname):
    """The file that the loader of this machine takes."""
    at = re.search(rf"^\s*{re.escape(soname)} => (\S+)", output_of("ldd", str(program)), re.MULTILINE)
    return at and str(pathlib.Path(at[1]).resolve())


def debian_package(file):
    """(name, version, architecture), or None."""
    owner = output_of("dpkg-query", "-S", file) or output_of("dpkg-query", "-S", file.removeprefix("/usr"))
    if not owner:
        return None
    name = owner.split(": ")[0].split(",")[0]
    return tuple(output_of("dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", name).split())


def library(program, soname):
    """The SPDX package of what is behind a soname."""
    known = next((row for start, row in LIBRARIES.items() if soname.startswith(start)), None)
    if known is None:
        sys.exit(f"sbom: {program} is linked with {soname}, which LIBRARIES of {__file__} does not know")
    name, tells_version, licence = known
    file = loaded_from(program, soname)
    debian = file and debian_package(file)
    found = {
        "SPDXID": f"SPDXRef-Package-{name}",
        "name": name,
        "versionInfo": output_of(*tells_version).removeprefix("glibc ") or "NOASSERTION",
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "LIBRARY",
    }
    if debian:
        found["externalRefs"] = [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": "pkg:deb/debian/{}@{}?arch={}".format(*(part.replace("+", "%2B").replace(":", "%3A")
                                                                         for part in debian)),
        }]
    return found


def checksum(path, algorithm):
    return {"algorithm": algorithm, "checksumValue": hashlib.new(algorithm, path.read_bytes()).hexdigest()}


def file_entry(path):
    return {
        "SPDXID": f"SPDXRef-File-{path.name}",
        "fileName": f"./{path.name}",
        "fileTypes": ["BINARY"],
        "checksums": [checksum(path, "SHA1"), checksum(path, "SHA256")],
        "licenseConcluded": "MIT",
        "copyrightText": copyright_line(),
    }


def copyright_line():
    return re.search(r"^Copyright .*$", (TOP / "LICENSE").read_text(encoding="utf-8"), re.MULTILINE)[0]


def verification_code(files):
    """As the specification has it: SHA-1 over the sorted SHA-1 sums."""
    sums = sorted(one["checksums"][0]["checksumValue"] for one in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def own_package(files, tarball):
    package = {
        "SPDXID": f"SPDXRef-Package-{NAME}",
        "name": NAME,
        "versionInfo": version.current(),
        "supplier": "Organization: The notification-system authors",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
        "hasFiles": [one["SPDXID"] for one in files],
        "licenseConcluded": "MIT",
        "licenseDeclared": "MIT",
        "licenseInfoFromFiles": ["MIT"],
        "copyrightText": copyright_line(),
        "primaryPackagePurpose": "APPLICATION",
    }
    for one in files:
        one["licenseInfoInFiles"] = ["MIT"]
    if tarball:
        package["packageFileName"] = tarball.name
        package["checksums"] = [checksum(tarball, "SHA256")]
    return package


def relation(a, kind, b):
    return {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}


def document(programs, tarball):
    files = [file_entry(path) for path in programs]
    own = own_package(files, tarball)
    libraries, relations = {}, [relation("SPDXRef-DOCUMENT", "DESCRIBES", own["SPDXID"])]
    for path, entry in zip(programs, files):
        for soname in sonames(path):
            one = library(path, soname)
            libraries[one["SPDXID"]] = one
            relations.append(relation(entry["SPDXID"], "DYNAMIC_LINK", one["SPDXID"]))
    relations += [relation(own["SPDXID"], "DEPENDS_ON", spdx_id) for spdx_id in libraries]
    packages = [own] + sorted(libraries.values(), key=lambda one: one["name"])
    relations = sorted({tuple(one.items()): one for one in relations}.values(), key=lambda one: list(one.values()))
    made = int(output_of(str(TOP / "tools/release/epoch")))
    content = json.dumps([packages, files, relations], sort_keys=True)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME}-{version.current()}",
        "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "creationInfo": {
            "created": datetime.datetime.fromtimestamp(made, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: The notification-system authors", f"Tool: sbom.py-{version.current()}"],
            "comment": f"The programs as built on {platform.machine()}; libraries as linked there.",
        },
        "packages": packages,
        "files": files,
        "relationships": relations,
    }


def main():
    parser = argparse.ArgumentParser(description="what the programs are linked with, as SPDX 2.3 in JSON")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--tarball", type=pathlib.Path)
    parser.add_argument("programs", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    text = json.dumps(document(args.programs, args.tarball), indent=2, ensure_ascii=False)
    args.out.write_text(text + "\n", encoding="utf-8")


main()
