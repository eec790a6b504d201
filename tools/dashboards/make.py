#!/usr/bin/env python3
"""make - writes docs/grafana/*.json from the tables of this folder.

  tools/dashboards/make.py          write them
  tools/dashboards/make.py --check  exit 1 where one differs, and write nothing

Grafana itself wants them as JSON, which nobody can review; what is changed in Grafana is changed here, too.
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True

import api
import delivery
import providers
import queues

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/grafana"
DASHBOARDS = {"api": api, "delivery": delivery, "providers": providers, "database-and-queues": queues}


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    differ = []
    for name, module in DASHBOARDS.items():
        path, text = FOLDER / f"{name}.json", json.dumps(module.DASHBOARD, indent=2, ensure_ascii=False) + "\n"
        if arguments and (not path.exists() or path.read_text(encoding="utf-8") != text):
            differ.append(path.name)
        elif not arguments:
            path.write_text(text, encoding="utf-8")
    for name in differ:
        print(f"docs/grafana/{name} is not what tools/dashboards/make.py makes", file=sys.stderr)
    return bool(differ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
