"""Model folders that were made to do harm: none runs code, starts a program or calls anybody, and each is refused."""

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PARTS = {
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
}
HARMLESS = {"a template in the tokenizer", "a name for the tokenizer's class", "code beside the weights"}
"""Nothing reads these: the folder is as good as without them."""
WATCH = Path(__file__).with_name("hostile_watch.py")
Harm = Callable[[Path], object]


def edit(path: Path, **changes: object) -> None:
    known = json.loads(path.read_text("utf-8"))
    path.unlink()  # copies share their files
    path.write_text(json.dumps({**known, **changes}), "utf-8")


def replaced(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def only(folder: Path, part: str, name: str, content: bytes) -> None:
    """The part's weights are this file alone."""
    for weights in [*(folder / part).glob("*.safetensors*"), *(folder / part).glob("*.gguf")]:
        weights.unlink()
    (folder / part / name).write_bytes(content)


def harms(marker: Path) -> Iterator[tuple[str, Harm]]:
    """Every way, by name."""
    code = f"import os; os.system(\"touch '{marker}'\")"
    payload = f"cos\nsystem\n(S'touch {marker}'\ntR.".encode()  # a pickle that calls os.system
    yield from _pickles(payload)
    yield from _classes()
    yield from _configs(code)
    yield from _files(code, payload)
    yield from _headers()
    yield from _shards()


def _pickles(payload: bytes) -> Iterator[tuple[str, Harm]]:
    for part, stem in PARTS.items():
        name = "pytorch_model" if part == "text_encoder" else stem
        for ending in ("bin", "pt", "pth", "ckpt", "pkl"):
            yield f"{part} as .{ending}", lambda f, p=part, n=f"{name}.{ending}": only(f, p, n, payload)
        yield f"{part}: a pickle named safetensors", lambda f, p=part, s=stem: only(f, p, f"{s}.safetensors", payload)
        table = json.dumps({"weight_map": {"a": f"{name}-00001.bin"}}).encode()
        yield f"{part}: an index of pickles", lambda f, p=part, n=name, t=table: only(f, p, f"{n}.bin.index.json", t)


def _classes() -> Iterator[tuple[str, Harm]]:
    for said in (["os", "system"], ["builtins", "exec"], ["subprocess", "Popen"], ["pipeline", "Evil"], "os.system"):
        yield f"vae of {said}", lambda f, s=said: edit(f / "model_index.json", vae=s)
    for said in ("os.system", ["pipeline", "EvilPipeline"], "EvilPipeline", {"a": 1}, None):
        yield f"a pipeline of {said}", lambda f, s=said: edit(f / "model_index.json", _class_name=s)
    yield "a component more", lambda f: edit(f / "model_index.json", safety_checker=["os", "system"])
    yield "a custom pipeline", lambda f: edit(f / "model_index.json", custom_pipeline="pipeline.py")
    for part in ("vae", "transformer"):
        yield f"{part} of another class", lambda f, p=part: edit(f / p / "config.json", _class_name="Evil")
    yield "a scheduler of another class", lambda f: edit(f / "scheduler" / "scheduler_config.json", _class_name="Evil")


def _configs(code: str) -> Iterator[tuple[str, Harm]]:
    for part in PARTS:
        path = f"{part}/config.json"
        yield f"{part}: auto_map", lambda f, p=path: edit(f / p, auto_map={"AutoModel": "evil.Evil"})
        yield f"{part}: a quantizer", lambda f, p=path: edit(f / p, quantization_config={"quant_method": "evil/evil"})
    rest: dict[str, dict[str, object]] = {
        "kernels of the hub": {"_attn_implementation": "evil/kernels"},
        "an activation": {"feed_forward_proj": code},
        "a value that is code": {"d_ff": code},
        "a value that is a table": {"d_ff": {"__reduce__": code}},
        "trust": {"trust_remote_code": True},
        "numbers without end": {"num_layers": 1 << 62},
        "numbers that are none": {"d_model": float("nan")},
    }
    for name, changes in rest.items():
        yield name, lambda f, c=changes: edit(f / "text_encoder" / "config.json", **c)
    yield "layers without end", lambda f: edit(f / "transformer" / "config.json", num_layers=1 << 40)
    yield "a config of brackets", lambda f: replaced(f / "vae" / "config.json", b"[" * 200_000)
    yield "a config as large as a disk", lambda f: replaced(f / "vae" / "config.json", b" " * (2 << 20))
    yield (
        "a template in the tokenizer",
        lambda f: edit(f / "tokenizer" / "tokenizer_config.json", chat_template="{{ ''.__class__.__mro__ }}"),
    )
    yield (
        "a name for the tokenizer's class",
        lambda f: edit(f / "tokenizer" / "tokenizer_config.json", tokenizer_class="Evil", auto_map={"A": "evil.Evil"}),
    )


def _files(code: str, payload: bytes) -> Iterator[tuple[str, Harm]]:
    def beside(folder: Path) -> None:
        for name in ("pipeline.py", "modeling.py", "__init__.py", "conftest.py", "vae/modeling.py"):
            (folder / name).write_text(code)
        (folder / "transformer" / "diffusion_pytorch_model.bin").write_bytes(payload)

    yield "code beside the weights", beside
    adapter = {"base_model_name_or_path": "evil/evil", "peft_type": "LORA", "auto_mapping": {"parent_library": "evil"}}
    yield (
        "an adapter",
        lambda f: replaced(f / "text_encoder" / "adapter_config.json", json.dumps(adapter).encode()),
    )
    yield "words that are a pickle", lambda f: replaced(f / "tokenizer" / "spiece.model", payload)
    yield "words that are code", lambda f: replaced(f / "tokenizer" / "tokenizer.json", code.encode())


def _headers() -> Iterator[tuple[str, Harm]]:
    def header(table: object) -> bytes:
        packed = json.dumps(table).encode()
        return struct.pack("<Q", len(packed)) + packed

    row = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    lies = {
        "a header without end": b"\xff" * 64,
        "a header of brackets": struct.pack("<Q", 100_000) + b"[" * 100_000,
        "a header as large as the file says": struct.pack("<Q", 1 << 40) + b"{}",
        "a tensor outside": header({"a": {**row, "data_offsets": [0, 1 << 39]}}) + bytes(8),
        "tensors over each other": header({"a": row, "b": row}) + bytes(8),
        "negative sizes": header({"a": {**row, "shape": [-1, -2]}}) + bytes(8),
        "sizes without end": header({"a": {**row, "shape": [1 << 31, 1 << 31]}}) + bytes(8),
        "a web page": b"<!DOCTYPE html><script>evil()</script>",
        "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "a zip": b"PK\x03\x04" + bytes(60),
    }
    for name, content in lies.items():
        yield name, lambda f, c=content: only(f, "vae", "diffusion_pytorch_model.safetensors", c)
    gguf = b"GGUF" + struct.pack("<I", 3)
    counts = {
        "gguf: tensors without end": gguf + b"\xff" * 16,
        "gguf: a name without end": gguf + struct.pack("<QQQ", 1, 0, 1 << 60),
        "gguf: settings in settings": gguf + struct.pack("<QQ", 0, 1) + struct.pack("<QIIQ", 0, 9, 9, 1 << 19) * 9,
        "gguf: nothing in it": gguf + bytes(16),
        "gguf: cut off": gguf,
    }
    for name, content in counts.items():
        yield name, lambda f, c=content: only(f, "transformer", "diffusion_pytorch_model.gguf", c)


def _shards() -> Iterator[tuple[str, Harm]]:
    index = "transformer/diffusion_pytorch_model.safetensors.index.json"
    for place in (
        "../../secret.safetensors",
        "/etc/passwd",
        "http://localhost/evil.safetensors",
        "C:\\evil",
        "a\x00b",
        7,
    ):

        def point(folder: Path, place: object = place) -> None:
            table = json.loads((folder / index).read_text("utf-8"))
            edit(folder / index, weight_map=dict.fromkeys(table["weight_map"], place))

        yield f"shards at {place!r}", point
    yield "shards in a list", lambda f: edit(f / index, weight_map=[["a", "b"]])


@pytest.fixture(scope="module")
def folders(tiny_ltx: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every hostile folder by its name; files that are not changed are links to the good ones."""
    root = tmp_path_factory.mktemp("hostile")
    made: dict[str, Path] = {}
    for number, (name, harm) in enumerate(harms(root / "marker")):
        made[name] = Path(shutil.copytree(tiny_ltx, root / f"{number:03d}", copy_function=os.link))
        harm(made[name])
    assert tuple(json.loads((tiny_ltx / "model_index.json").read_text("utf-8"))["vae"]) == (
        "diffusers",
        "AutoencoderKLLTXVideo",
    )
    return made


@pytest.fixture(scope="module")
def seen(folders: dict[str, Path], tiny_ltx: Path) -> dict[str, dict[str, object]]:
    """What became of each in a process that is watched: refused by which file, loaded, and what it has tried."""
    finished = subprocess.run(
        [sys.executable, str(WATCH), str(tiny_ltx)],
        input=json.dumps({name: str(folder) for name, folder in folders.items()}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-4000:]
    return json.loads(finished.stdout)


def test_there_are_enough(folders: dict[str, Path]) -> None:
    assert len(folders) >= 70


def test_nothing_of_them_was_run(seen: dict[str, dict[str, object]], folders: dict[str, Path]) -> None:
    assert {name: told["tried"] for name, told in seen.items() if told["tried"]} == {}
    root = next(iter(folders.values())).parent
    assert not (root / "marker").exists()


def test_each_is_refused_by_the_name_of_a_file(seen: dict[str, dict[str, object]]) -> None:
    """When it is recognised, by its headers; what only the libraries can read is refused when it is loaded."""
    for name, told in seen.items():
        refused = told["refused"]
        assert isinstance(refused, list)
        assert all(field and not Path(field).is_absolute() for field in refused), (name, refused)
        if not refused and name in HARMLESS:
            assert told["loaded"] is True
        elif not refused:
            assert str(told["loaded"]).startswith("WeightsError: "), (name, told["loaded"])


def test_weights_that_change_after_they_were_recognised_are_not_loaded(seen: dict[str, dict[str, object]]) -> None:
    """The index is not asked then: classes are ours. Everything else that is wrong ends the loading."""
    loaded = {name for name, told in seen.items() if told["loaded"] is True}
    assert loaded == HARMLESS | {name for name, told in seen.items() if told["refused"] == ["model_index.json"]}


def test_the_watch_sees_what_there_is_to_see(tmp_path: Path, tiny_ltx: Path) -> None:
    """A check that cannot fail is none: the same process tells of a pickle that is read and of a call."""
    finished = subprocess.run(
        [sys.executable, str(WATCH), str(tiny_ltx), "--prove"],
        input=json.dumps({"a pickle": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = json.loads(finished.stdout)["a pickle"]["tried"]
    assert {"pickle.find_class", "os.system", "socket.connect", "subprocess.Popen"} <= set(told)
