"""The command line as a user runs it: real processes on the shared engine."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine.client.api import EngineClient

pytestmark = pytest.mark.usefixtures("shared_engine")
QUICK = ("--size", "64x64", "--frames", "9", "--steps", "2", "--seed", "7")
LIMIT_S = 120


@pytest.fixture(autouse=True)
def _on_shared_engine(shared_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "studio", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def problems(result: subprocess.CompletedProcess[str]) -> dict[str, dict[str, object]]:
    assert result.returncode == 2, result.stderr
    said = json.loads(result.stdout)
    assert said["status"] == "problem"
    return {problem["field"]: problem for problem in said["problems"]}


def test_generate_writes_the_clip_its_previews_and_its_recipe(tmp_path: Path) -> None:
    result = run("generate", "a beach at sunset", *QUICK, "-o", "beach.mp4", "--previews", "look", "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["status"], said["output"], said["recipe"]["seed"]) == ("done", "beach.mp4", 7)
    assert (tmp_path / "beach.mp4").stat().st_size > 500
    steps = sorted((tmp_path / "look").iterdir())
    assert steps
    assert len(list(steps[0].glob("*.jpg"))) == 9
    inspected = json.loads(run("inspect", "beach.mp4", "--json").stdout)
    assert inspected["recipe"] == said["recipe"]
    assert (inspected["width"], inspected["height"], inspected["num_frames"], inspected["fps"]) == (64, 64, 9, 12)
    assert '"prompt": "a beach at sunset"' in run("inspect", "beach.mp4").stdout
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_the_model_would_round_is_rounded_and_said(tmp_path: Path) -> None:
    result = run("generate", "x", "--size", "70x64", "--frames", "8", "--steps", "1", "-o", "a.mp4")
    assert result.returncode == 0, result.stderr
    assert "frames 8 → 9" in result.stderr
    assert "width 70 → 64" in result.stderr
    assert "64x64 · 9 frames" in result.stdout


def test_a_default_name_comes_from_prompt_and_seed_and_overwrites_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        assert run("generate", "Ein Café, am Meer!", *QUICK).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ein-café-am-meer-7-2.mp4", "ein-café-am-meer-7.mp4"]


def test_one_frame_is_a_png_and_animate_starts_from_it(tmp_path: Path) -> None:
    assert run("generate", "a city at night", *QUICK, "--frames", "1", "-o", "city.png").returncode == 0
    with Image.open(tmp_path / "city.png") as picture:
        assert picture.size == (64, 64)
    result = run("animate", "city.png", "rain", *QUICK, "--image", "-1=city.png", "-o", "rain.mp4", "--json")
    assert result.returncode == 0, result.stderr
    recipe = json.loads(result.stdout)["recipe"]
    assert [condition["frame_index"] for condition in recipe["conditions"]] == [0, 8]
    assert json.loads(run("inspect", "city.png", "--json").stdout)["recipe"]["num_frames"] == 1


def test_no_recipe_keeps_the_prompt_out_of_the_file(tmp_path: Path) -> None:
    assert run("generate", "a secret lighthouse", *QUICK, "--no-recipe", "-o", "a.mp4").returncode == 0
    assert b"lighthouse" not in (tmp_path / "a.mp4").read_bytes()
    assert "no recipe inside" in run("inspect", "a.mp4").stdout


def test_every_problem_is_named_at_once_and_nothing_is_sent(tmp_path: Path, shared_engine: EngineClient) -> None:
    (tmp_path / "text.png").write_text("this is no picture")
    before = len(shared_engine.jobs(limit=1000))
    found = problems(
        run(
            *("generate", "x" * 10_000, "--size", "0x99999", "--frames", "0", "--steps", "0", "--guidance", "99"),
            *("--fps", "0.1", "--seed", "-1", "--image", "0=text.png", "--image", "5=missing.png", "--json"),
        )
    )
    expected = {"prompt", "width", "height", "num_frames", "num_inference_steps", "guidance_scale", "fps", "seed"}
    assert expected | {"text.png", "missing.png"} <= set(found)
    assert found["missing.png"]["kind"] == "missing"
    assert found["text.png"]["kind"] in ("unreadable", "unsupported")
    assert found["num_frames"]["nearest"] == 1
    assert len(shared_engine.jobs(limit=1000)) == before


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["x", "--model", "sora"], "model"),
        (["x", "--size", "big"], "--size"),
        (["x", "--seconds", "nan"], "seconds"),
        (["x", "--fps", "0"], "fps"),
        (["x", "--fps", "nan"], "fps"),
        (["x", "--guidance", "inf"], "guidance_scale"),
        (["x", "--previews", "/proc/nowhere"], "--previews"),
        (["x", "-o", "/tmp"], "output"),
        (["x", "--image", "0=/dev/zero"], "/dev/zero"),
        (["x", "--image", "first.png"], "--image"),
        (["x", "--image", "99=a.png"], "conditions[0].frame_index"),
        (["x", "-o", "a.avi"], "output"),
        (["x", "-o", "a.png", "--frames", "9"], "output"),
        (["x", "-o", "nowhere/a.mp4"], "output"),
        (["x", "-o", "/proc/a.mp4"], "output"),
        (["x", "--device", "mps" if sys.platform != "darwin" else "cuda"], "device"),
    ],
)
def test_bad_input_names_its_field(arguments: list[str], field: str) -> None:
    assert field in problems(run("generate", *arguments, "--json"))


def test_sentences_name_the_option_and_the_nearest_value() -> None:
    result = run("generate", "x", "--steps", "5000")
    assert result.returncode == 2
    assert "--steps: 5000 is too large; the nearest that works is 100\n" in result.stderr


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    for arguments in (["generat", "x"], ["generate", "x", "--sed", "1"], ["generate"]):
        result = run(*arguments)
        assert result.returncode == 2
        assert "--help` shows how)" in result.stderr
    assert "(`reelwright generate --help` shows how)" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent differently there")
def test_ctrl_c_cancels_the_job(shared_engine: EngineClient, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "studio", "generate", "long", "--steps", "100", "-o", "long.mp4", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "denoise" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 130
    job = shared_engine.job(json.loads(said)["job"])
    assert job.state.kind == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_queue_lists_saves_and_deletes(tmp_path: Path) -> None:
    made = json.loads(run("generate", "a lake", *QUICK, "-o", "lake.mp4", "--json").stdout)
    name = made["job"][-8:]
    listed = run("queue")
    assert listed.returncode == 0
    assert name in listed.stdout
    assert run("queue", "save", name, "again.mp4").returncode == 0
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "lake.mp4").read_bytes()
    assert run("queue", "delete", name).returncode == 0
    assert name not in run("queue").stdout
    assert run("queue", "save", name, "b.mp4").returncode == 2


def test_prompts_that_look_like_markup_are_shown_as_they_are() -> None:
    prompt = "🌊 [/b] [red]x[/red] a[bold]"
    made = json.loads(run("generate", prompt, *QUICK, "-o", "a.mp4", "--json").stdout)
    listed = run("queue")
    assert listed.returncode == 0
    assert prompt in listed.stdout
    assert run("queue", "delete", made["job"]).returncode == 0


def test_what_lies_in_the_users_folder_is_not_run(tmp_path: Path) -> None:
    for name in ("studio", "engine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('hijacked')")
    for name in ("httpx.py", "torch.py"):
        (tmp_path / name).write_text("raise SystemExit('hijacked')")
    assert run("models").returncode == 0


def test_a_users_own_part_file_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / ".a.mp4.part"
    mine.write_text("mine")
    assert run("generate", "x", *QUICK, "-o", "a.mp4").returncode == 0
    assert mine.read_text() == "mine"


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("kept")
    (tmp_path / "a.mp4").chmod(0o444)
    assert "output" in problems(run("generate", "x", "-o", "a.mp4", "--json"))
    assert (tmp_path / "a.mp4").read_text() == "kept"


def test_models_says_what_can_run() -> None:
    assert "starter" in run("models").stdout
    (row,) = [row for row in json.loads(run("models", "--json").stdout) if row["card"]["id"] == "starter"]
    assert row["missing"] == []


def test_a_second_engine_on_the_folder_is_refused() -> None:
    result = run("serve")
    assert result.returncode == 3
    assert "already running" in result.stderr


def test_inspecting_what_is_no_clip_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a clip")
    result = run("inspect", "notes.mp4")
    assert result.returncode == 2
    assert "notes.mp4" in result.stderr
