"""Contact sheets of every verb, on a clip of the starter model and on a 1080p one; a command, no test."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from engine.media.video_read import read_frames

COLUMNS, WIDTH_PX, LABEL_PX = 10, 128, 16
SCENE = "a beach at sunset"
VERBS = {
    "extend": ["extend", "{clip}", "--seconds", "2"],
    "extend --backward": ["extend", "{clip}", "--backward", "--seconds", "2"],
    "loop": ["loop", "{clip}", "--seconds", "1.5"],
    "retake --from 0.5 --to 1": ["retake", "{clip}", "--from", "0.5", "--to", "1"],
    "remix --strength 0.5": ["remix", "{clip}", "watercolor painting of a beach", "--strength", "0.5"],
    "bridge to a city at night": ["bridge", "{clip}", "{other}", "--seconds", "1.5"],
}


def reelwright(folder: Path, *arguments: str) -> None:
    """One command, in the folder."""
    command = [sys.executable, "-m", "studio", *arguments]
    root = str(Path(__file__).parents[2])
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": root}, check=True, stderr=subprocess.DEVNULL)


def row(path: Path, label: str) -> np.ndarray:
    """A clip as one labelled row of frames, numbered, the first and the last among them."""
    frames = list(read_frames(path))
    chosen = np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)
    height = round(WIDTH_PX * frames[0].shape[0] / frames[0].shape[1])
    pictures = [cv2.resize(frames[i], (WIDTH_PX, height), interpolation=cv2.INTER_AREA) for i in chosen]
    for picture, index in zip(pictures, chosen, strict=True):
        cv2.putText(picture, str(index), (3, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    strip = np.hstack(pictures)
    head = np.full((LABEL_PX, strip.shape[1], 3), 20, np.uint8)
    cv2.putText(head, f"{label}: {len(frames)} frames", (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1, 16)
    return np.vstack([head, strip])


def sheet(clip: Path, other: Path, folder: Path) -> np.ndarray:
    """The clip and what every verb makes of it."""
    rows = [row(clip, "the clip")]
    for number, (label, arguments) in enumerate(VERBS.items()):
        output = folder / f"{number}.mp4"
        filled = [argument.format(clip=clip, other=other) for argument in arguments]
        reelwright(folder, *filled, "--seed", "7", "--output", str(output))
        rows.append(row(output, label))
    return np.vstack(rows)


def high_definition(clip: Path, output: Path) -> None:
    """The clip as a synthetic 1080p one at 30 frames a second, with sound and details that the model cannot draw."""
    drawn = "scale=1920:1080:flags=lanczos,fps=30,drawgrid=w=120:h=120:t=2:c=white@0.35"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(clip), "-f", "lavfi"]
    command += ["-i", "sine=330:duration=2", "-vf", drawn, "-shortest", "-pix_fmt", "yuv420p", str(output)]
    subprocess.run(command, check=True)


def main() -> None:
    """Write starter.jpg and 1080p.jpg."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("sheets"))
    out = parser.parse_args().out.absolute()
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, other, wide = (folder / f"{part}.mp4" for part in ("clip", "other", "wide"))
        reelwright(folder, "generate", SCENE, "--seed", "3", "--output", str(clip))
        reelwright(folder, "generate", "a city at night", "--seed", "5", "--output", str(other))
        high_definition(clip, wide)
        for source, target in ((clip, "starter.jpg"), (wide, "1080p.jpg")):
            made = sheet(source, other, folder)
            cv2.imwrite(str(out / target), made[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
