"""tap - results by name, as the Test Anything Protocol has them."""
import sys


class Tap:
    def __init__(self):
        self.n, self.failed = 0, False

    def result(self, name, faults=()):
        """Without faults it passed; each is a line below it."""
        faults = list(faults)
        self.n += 1
        self.failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.n} - {name}", *faults, sep="\n# ")

    def end(self):
        print(f"1..{self.n}")
        sys.exit(self.failed)
