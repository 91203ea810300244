"""Print the `[[files]]` part of a card: `python packaging/model_card.py resources/models/starter`."""

import hashlib
import sys
from pathlib import Path


def files_table(folder: Path) -> str:
    """TOML tables with path, size and sha256 of every file below `folder`."""
    rows: list[str] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        name = path.relative_to(folder).as_posix()
        rows.append(f'[[files]]\npath = "{name}"\nsize_bytes = {path.stat().st_size}\nsha256 = "{digest}"\n')
    return "\n".join(rows)


if __name__ == "__main__":
    print(files_table(Path(sys.argv[1])))
