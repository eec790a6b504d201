"""pages - the manual, as its tests read it: README.md and docs/*.md, their headings, links and blocks."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]

FENCE = re.compile(r"^( *)```(.*)$")
LINK = re.compile(r"\]\(([^()\s]+)\)")


def name_of(page):
    return str(page.relative_to(TOP))


def lines_of(page):
    """(number, line, fence): the fence's words within a block, None outside; the fences themselves are left out."""
    fence = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        at = FENCE.match(line)
        if at:
            fence = at[2].strip() if fence is None else None
        else:
            yield number, line, fence


def blocks(page, kind):
    """(number of its first line, text) of each block that begins with ```kind."""
    found, last = [], None
    for number, line, fence in lines_of(page):
        if fence == kind:
            if last != number - 1:
                found.append((number, []))
            found[-1][1].append(line)
            last = number
    return [(number, "\n".join(text) + "\n") for number, text in found]


def anchor_of(heading):
    """As GitHub and GitLab make it: small letters, no punctuation, a hyphen for each blank."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", words.lower().strip()).replace(" ", "-")


def anchors(page):
    found = {}
    for _, line, fence in lines_of(page):
        at = re.match(r"#+ +(.*)$", line)
        if fence is None and at:
            anchor = anchor_of(at[1])
            seen = found.get(anchor, 0)
            found[anchor] = seen + 1
            if seen:
                found[f"{anchor}-{seen}"] = 1
    return set(found)


def links(page):
    """(number, target) of each link that leads to a file of ours, or into the page itself."""
    for number, line, fence in lines_of(page):
        if fence is None:
            for target in LINK.findall(re.sub(r"`[^`]*`", "``", line)):
                if not re.match(r"[a-z]+:", target):
                    yield number, target
