"""Makes normalizer/data/places/register.bin from the npm package idn-area-data (version 4.0.1).

`npm pack idn-area-data@4.0.1`, unpack it, then `python -m tools.places package/data`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from normalizer.register import packed

_OUT = Path(__file__).parent.parent / "normalizer" / "data" / "places" / "register.bin"


def places(folder: Path) -> list[tuple[str, str]]:
    """Code without dots and name of every province, regency, district and village of the package's CSV files."""
    found = []
    for level in ("provinces", "regencies", "districts", "villages"):
        with (folder / f"{level}.csv").open(encoding="utf-8", newline="") as file:
            found += [(row["code"].replace(".", ""), row["name"].strip()) for row in csv.DictReader(file)]
    return found


def main() -> None:
    """Write the file anew and say what it weighs."""
    content = packed(places(Path(sys.argv[1])))
    _OUT.write_bytes(content)
    print(f"{_OUT.name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
