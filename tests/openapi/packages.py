"""packages - what the sources are built with, by Debian's names, as tools/install-packages has them."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]


def build_packages():
    """Without Check, which is for the tests."""
    script = (TOP / "tools/install-packages").read_text(encoding="utf-8")
    return set(re.search(r"^build=\((.*?)\)", script, re.S | re.M)[1].split()) - {"check"}
