"""`python packaging/starter STAGE ...`: one command per stage of making the starter model."""

import importlib
import sys
from pathlib import Path

STAGES = {
    "stretch": "starter.stretch",
    "tokenizer": "starter.vocabulary",
    "probe": "starter.probe",
    "evaluate": "starter.evaluate",
    "train-vae": "starter.train_vae",
    "render": "starter.pixels",
    "export": "starter.export",
    "sheet": "starter.sheet",
    "pca": "starter.pca",
    "produce": "starter.produce",
    "heldout": "starter.heldout",
    "train": "starter.train_transformer",
}


def main() -> None:
    """Run the stage that is named first."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [str(folder.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != folder)]
    if len(sys.argv) < 2 or sys.argv[1] not in STAGES:
        print(f"{__doc__}\n\nStages: {', '.join(STAGES)}")
        raise SystemExit(2)
    importlib.import_module(STAGES[sys.argv[1]]).main(sys.argv[2:])


if __name__ == "__main__":
    main()
