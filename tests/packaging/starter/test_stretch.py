"""The whole factory in stretches: stages follow each other, and what has been done is not done again."""

import json
import time
from pathlib import Path

import pytest
from starter.stretch import Budget, Factory, Progress, advance, parsed

PROGRAM = """
import json, sys
from pathlib import Path

stage, first, *rest = sys.argv[1:]
first = Path(first)
with (first.parent / "calls").open("a") as calls:
    print(stage, first.name, *(word for word in rest if word.startswith("--")), file=calls)


def option(name):
    return rest[rest.index(name) + 1] if name in rest else None


def chunks(suffix):
    first.mkdir(exist_ok=True)
    for number in range(2):
        (first / f"{number}{suffix}").touch()


if stage == "render":
    chunks(".npy")
elif stage == "produce":
    chunks(".safetensors")
elif stage == "tokenizer":
    first.mkdir()
    (first / "tokenizer.json").touch()
elif stage == "export" or option("--export"):
    Path(option("--export") or rest[0]).mkdir()
else:
    (first / "step").mkdir(parents=True, exist_ok=True)
    file = first / "step" / "counters.json"
    now = json.loads(file.read_text()) if file.exists() else {"updates": 0, "seconds": 0, "decay_from": -1}
    if "--finish" in rest:
        now["decay_from"] = now["updates"]
        now["updates"] += int(option("--decay-updates"))
    else:
        now["updates"] += 10
        now["seconds"] += 60 * float(option("--minutes"))
    file.write_text(json.dumps(now))
    (first / "latest").write_text("step")
"""


@pytest.fixture
def factory(tmp_path: Path) -> Factory:
    """A factory whose stages only say that they were called."""
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text(PROGRAM)
    factory = parsed(
        [str(tmp_path / "out"), "--vae", "2", "--adversarial", "1", "--transformer", "4", "--workers", "3"]
    )
    factory.out.mkdir()
    factory.program = tmp_path / "program"
    factory.deadline = time.monotonic() + 3600
    return factory


def calls(factory: Factory) -> list[str]:
    return (factory.out / "calls").read_text().splitlines()


def test_stages_follow_each_other_once(factory: Factory):
    assert advance(factory)
    trained = [line for line in calls(factory) if line.split()[0] not in ("render", "produce")]
    second = "train-vae run-judged --adversarial --start-from"
    assert trained == [
        "tokenizer tokenizer",
        "train-vae run-vae --small-updates --minutes",
        "train-vae run-vae --small-updates --finish --decay-updates --minutes",
        "train-vae run-vae --export",
        f"{second} --minutes",
        f"{second} --finish --decay-updates --minutes",
        f"{second} --export",
        "train run --tokenizer --minutes",
        "train run --tokenizer --finish --decay-updates --minutes",
        "export run --vae --tokenizer",
    ]
    assert factory.helpers == []
    assert {p.name for p in factory.out.iterdir() if p.is_dir()} >= {"vae", "vae-first", "model", "pool", "pixels"}
    (factory.out / "calls").unlink()
    (factory.out / "model").rmdir()
    assert advance(factory)
    assert [line for line in calls(factory) if not line.startswith("produce")] == ["export run --vae --tokenizer"]


def test_a_stretch_that_is_over_begins_nothing(factory: Factory):
    factory.deadline = time.monotonic()
    assert not advance(factory)
    assert [line for line in calls(factory) if line.startswith("train")] == []


def test_a_run_goes_on_where_it_was(factory: Factory):
    (factory.out / "run-vae" / "step").mkdir(parents=True)
    (factory.out / "run-vae" / "latest").write_text("step")
    counters = {"updates": 100, "seconds": 110, "decay_from": -1}
    (factory.out / "run-vae" / "step" / "counters.json").write_text(json.dumps(counters))
    assert factory.train("train-vae", "run-vae", 2.0)
    done = factory.progress("run-vae")
    assert done == Progress(updates=110 + 44, minutes=pytest.approx(2, abs=0.001), decay_from=110)


def test_a_helper_that_fails_is_told(factory: Factory):
    (factory.program / "__main__.py").write_text("raise SystemExit(3)")
    factory.beside("render", factory.out / "pixels")
    with pytest.raises(RuntimeError, match="pixels"):
        factory.wait_for(factory.out / "pixels", ".npy", 2)


def test_options_are_passed_on(tmp_path: Path):
    factory = parsed([str(tmp_path), "--pool-chunks", "7", "--with-train=--compile --clip-batch 256"])
    assert factory.budget == Budget(pool_chunks=7)
    assert factory.command("train", tmp_path / "run")[3:] == [
        "train",
        str(tmp_path / "run"),
        "--compile",
        "--clip-batch",
        "256",
    ]
