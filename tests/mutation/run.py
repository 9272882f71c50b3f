"""`make mutants`: runs mutmut over the core and lists what survived. It fails below nine killed of ten.

python -m tests.mutation.run [mutmut's names, like 'gateline.authn.*']
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

LEAST_KILLED = 0.9
CHILDREN = 2
KILLED = ("killed", "timeout", "segfault")


def results() -> dict[str, str]:
    """Mutant → what became of it."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"], capture_output=True, text=True, check=True
    )
    pairs = (line.strip().rpartition(": ") for line in done.stdout.splitlines() if ": " in line)
    return {name: status for name, _, status in pairs}


def main() -> int:
    """0 where enough were killed."""
    mutmut = str(Path(__file__).with_name("collected.py"))
    command = [sys.executable, "-P", mutmut, "run", "--max-children", str(CHILDREN), *sys.argv[1:]]
    subprocess.run(command, check=True)
    judged = {name: status for name, status in results().items() if status not in ("not checked", "skipped")}
    for name, status in sorted(judged.items()):
        if status not in KILLED:
            print(f"{status}: {name}   (mutmut show {name})")
    counts = Counter(judged.values())
    killed = sum(counts[status] for status in KILLED)
    share = killed / max(1, len(judged))
    print(f"{killed} of {len(judged)} killed ({share:.1%}); {dict(counts)}")
    return 0 if share >= LEAST_KILLED else 1


if __name__ == "__main__":
    sys.exit(main())
