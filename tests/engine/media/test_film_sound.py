"""A film's sound: every sound at its very sample, faded, mixed and as loud as asked, and ending with the picture."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.film_sound import film_sound
from engine.media.loudness import Levelled
from engine.media.sound import probe_sound
from engine.media.video_write import write_video
from engine.protocol.film import Film, FilmClip, FilmSound

Make = Callable[..., Path]
CLICK_S = 0.5
CLICK = f"0.9*between(t\\,{CLICK_S}\\,{CLICK_S + 0.005})*sin(2*PI*3000*t)"
RATE = 48000
KINDS = {
    "click.wav": "pcm_s16le",
    "click.mp3": "libmp3lame",
    "click.flac": "flac",
    "click.m4a": "aac",
    "click.aac": "aac",
    "click.ogg": "libvorbis",
    "click.opus": "libopus",
    "click.aiff": "pcm_s16be",
    "click.mka": "ac3",
    "click.wma": "wmav2",
}
UNTOLD_S = {"click.aac": 1024 / 44100, "click.wma": -2048 / 44100}
"""What an encoder puts before the sound, or a decoder leaves out, where the file does not tell; players do so too."""


def film(*sounds: FilmSound, seconds: float = 3.0, **fields: object) -> Film:
    """A film of one clip that shows nothing worth a look."""
    clips = (FilmClip(media="silent", fps=24, num_frames=round(24 * seconds)),)
    return Film.model_validate({"width": 64, "height": 48, "fps": 24, "clips": clips, "sounds": sounds, **fields})


def played(made: Film, media: dict[str, Path]) -> np.ndarray:
    """What is mixed [N, 2], before it is levelled."""
    found = film_sound(made, media, lambda: None)
    assert found is not None
    total = round(Fraction(made.num_frames) / Fraction(made.fps) * RATE)
    return np.concatenate(list(found.play(total)))


def onset_s(samples: np.ndarray) -> float:
    return float(np.flatnonzero(np.abs(samples).max(-1) > 0.25)[0]) / RATE


def decoded(path: Path) -> np.ndarray:
    """A written file's sound [N, 2] as players hear it."""
    words = [
        "-loglevel",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-ac",
        "2",
        "-ar",
        str(RATE),
        "-f",
        "f32le",
        "pipe:1",
    ]
    finished, output = ffmpeg.run(words, limit_s=60, max_output_bytes=10**9)
    assert finished.return_code == 0, finished.log
    return np.frombuffer(output, np.float32).reshape(-1, 2)


def metered(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP of a written file, by ffmpeg's meter."""
    words = ["-i", str(path), "-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"]
    finished, _ = ffmpeg.run(words, limit_s=60, max_output_bytes=1)
    summary = finished.log.rpartition("Summary:")[2]
    lufs, peak = re.search(r"\bI:\s+(\S+) LUFS", summary), re.search(r"\bPeak:\s+(\S+) dBFS", summary)
    assert lufs is not None
    assert peak is not None
    return float(lufs[1]), float(peak[1])


@pytest.fixture
def tone(make_once: Make) -> Callable[..., Path]:
    """Return a function that makes a steady tone of some amplitude, in stereo."""

    def made(amplitude: float = 0.5, seconds: float = 4.0, channels: int = 2) -> Path:
        one = f"{amplitude}*sin(2*PI*1000*t)"
        words = f"-f lavfi -i aevalsrc=exprs={'|'.join([one] * channels)}:s=48000:d={seconds} -c:a pcm_f32le"
        return make_once(words, f"tone-{amplitude}-{seconds}-{channels}.wav")

    return made


@pytest.mark.parametrize("name", KINDS)
def test_a_click_is_heard_when_it_is_due(make_once: Make, name: str) -> None:
    path = make_once(f"-f lavfi -i aevalsrc=exprs='{CLICK}':s=44100:d=2 -c:a {KINDS[name]}", name)
    sound = FilmSound(media="click", start_s=0.3, at_s=1.7)
    due_s = CLICK_S + UNTOLD_S.get(name, 0.0) - 0.3 + 1.7
    assert onset_s(played(film(sound), {"click": path})) == pytest.approx(due_s, abs=0.001)


def test_the_sound_of_a_video_counts_from_its_first_frame(make_once: Make) -> None:
    picture = "-f lavfi -i testsrc2=s=64x48:r=24:d=2 "
    path = make_once(f"{picture}-f lavfi -i aevalsrc=exprs='{CLICK}':s=48000:d=2 -c:a aac -pix_fmt yuv420p", "both.mp4")
    under = film(FilmSound(media="both", at_s=1.0))
    assert onset_s(played(under, {"both": path})) == pytest.approx(1.5, abs=0.001)
    own = film().changed(clips=[FilmClip(media="both", fps=24, first_frame=6, num_frames=24, has_sound=True)])
    assert onset_s(played(own, {"both": path})) == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize("container", ["mp4", "h265", "webm", "mkv", "mov"])
def test_written_it_is_in_its_place_and_ends_with_the_picture(make_once: Make, tmp_path: Path, container) -> None:
    path = make_once(f"-f lavfi -i aevalsrc=exprs='{CLICK}':s=48000:d=9 -c:a pcm_s16le", "long.wav")
    made = film(FilmSound(media="click", at_s=0.75), seconds=2.0)
    output = tmp_path / "film.out"
    frames = [np.zeros((48, 64, 3), np.uint8)] * made.num_frames
    laid = film_sound(made, {"click": path}, lambda: None)
    write_video(output, frames, made.fps, container=container, sound=laid)
    found = decoded(output)
    assert onset_s(found) == pytest.approx(1.25, abs=0.001)
    if container in ("mkv", "mov"):
        assert len(found) == 2 * RATE
    else:
        assert len(found) / RATE == pytest.approx(2.0, abs=0.03)


def test_gain_and_fades_go_in_a_straight_line(tone: Callable[..., Path]) -> None:
    sound = FilmSound(media="tone", at_s=0.5, duration_s=2.0, gain_db=-6.0206, fade_in_s=1.0, fade_out_s=0.5)
    heard = np.abs(played(film(sound), {"tone": tone()})[:, 0]).reshape(-1, 480).max(1)  # by 10 ms

    def at(seconds: float) -> float:
        return float(heard[round(seconds * 100)])

    assert at(0.3) == 0.0
    assert at(1.0) == pytest.approx(0.125, abs=0.005)
    assert at(1.6) == pytest.approx(0.25, abs=0.003)
    assert at(2.25) == pytest.approx(0.125, abs=0.006)
    assert heard[251:].max() == 0.0


def test_a_fade_out_ends_where_the_file_or_the_film_does(tone: Callable[..., Path]) -> None:
    path = tone(seconds=1.0)
    faded = FilmSound(media="tone", fade_out_s=0.5)
    short = np.abs(played(film(faded), {"tone": path})[:, 0]).reshape(-1, 480).max(1)
    assert short[75] == pytest.approx(0.25, abs=0.01)
    assert short[100:].max() == 0.0
    long = np.abs(played(film(faded, seconds=0.75), {"tone": path})[:, 0]).reshape(-1, 480).max(1)
    assert long[50] == pytest.approx(0.25, abs=0.01)
    assert long[-1] < 0.02


def test_sounds_add_up_and_one_channel_is_as_loud_as_two(tone: Callable[..., Path]) -> None:
    stereo, mono = tone(0.2), tone(0.3, channels=1)
    both = played(film(FilmSound(media="a"), FilmSound(media="b")), {"a": stereo, "b": mono})
    assert np.abs(both).max() == pytest.approx(0.5, abs=0.002)
    assert np.array_equal(both[:, 0], both[:, 1])


def test_the_sound_of_clips_crosses_with_their_pictures(make_once: Make) -> None:
    def clip(name: str, amplitude: float, container: str = "mkv") -> Path:
        one = f"{amplitude}*sin(2*PI*1000*t)"
        sound = f"-f lavfi -i aevalsrc=exprs={one}|{one}:s=48000:d=2 -c:a pcm_f32le"
        return make_once(f"-f lavfi -i testsrc2=s=64x48:r=24:d=2 {sound} -c:v ffv1", f"{name}.{container}")

    media = {"a": clip("a", 0.8), "b": clip("b", 0.4)}
    shown = {"fps": 24, "num_frames": 48, "has_sound": True, "transition_s": 1.0}
    for transition, middle, later in (("crossfade", 0.6, 0.4), ("dip", 0.0, 0.4), ("cut", 0.4, 0.4)):
        first = FilmClip.model_validate({**shown, "media": "a", "transition": transition})
        made = film().changed(clips=[first, FilmClip.model_validate({**shown, "media": "b"})])
        heard = np.abs(played(made, media)[:, 0]).reshape(-1, 480).max(1)
        at = 1.5 if transition == "crossfade" else 2.0
        assert heard[50] == pytest.approx(0.8, abs=0.01)
        assert heard[round(at * 100)] == pytest.approx(middle, abs=0.02), transition
        assert heard[round((at + 0.6) * 100)] == pytest.approx(later, abs=0.01)
        assert len(heard) == round(made.num_frames / 24 * 100)


def peaky(path: Path) -> Path:
    """Quiet noise and loud drums: 20 LU between its loudness and its peaks."""
    random = np.random.default_rng(1)
    samples = random.standard_normal((12 * RATE, 2)).astype(np.float32) * 0.02
    times = np.arange(2000)
    hit = 0.9 * np.exp(-times / 300) * np.sin(2 * np.pi * 120 * times / RATE)
    for begin in range(0, len(samples), RATE // 2):
        samples[begin : begin + 2000] += hit.astype(np.float32)[:, None]
    arguments = f"-loglevel error -f f32le -ar {RATE} -ac 2 -i pipe:0 -c:a pcm_f32le -y {path}".split()
    with ffmpeg.Running(arguments, writes_stdin=True) as running:
        running.write(samples.data.cast("B"), 30)
        assert running.finish().return_code == 0
    return path


@pytest.mark.parametrize("target", [-14.0, -23.0])
@pytest.mark.parametrize("kind", ["steady", "peaky"])
def test_the_film_is_as_loud_as_asked(tmp_path: Path, tone: Callable[..., Path], kind: str, target: float) -> None:
    path = tone(0.05, 6.0) if kind == "steady" else peaky(tmp_path / "peaky.wav")
    made = film(FilmSound(media="music"), seconds=6.0, loudness_lufs=target)
    laid = film_sound(made, {"music": path}, lambda: None)
    assert isinstance(laid, Levelled)
    assert (laid.ceiling_db is not None) == (kind == "peaky" and target == -14)  # else by gain alone
    output = tmp_path / "film.mp4"
    write_video(output, [np.zeros((48, 64, 3), np.uint8)] * made.num_frames, made.fps, sound=laid)
    lufs, peak_db = metered(output)
    assert lufs == pytest.approx(target, abs=1.0)
    assert peak_db <= -1.0
    assert len(decoded(output)) / RATE == pytest.approx(6.0, abs=0.03)


def test_without_a_target_only_what_would_clip_is_held_back(tmp_path: Path, tone: Callable[..., Path]) -> None:
    media = {"loud": tone(0.7), "more": tone(0.71)}
    one = film_sound(film(FilmSound(media="loud")), media, lambda: None)
    assert (one.gain_db, one.ceiling_db) == (0.0, None)
    made = film(FilmSound(media="loud"), FilmSound(media="more"))
    both = film_sound(made, media, lambda: None)
    assert (both.gain_db, both.ceiling_db) == (0.0, 0.0)
    output = tmp_path / "film.mkv"
    write_video(output, [np.zeros((48, 64, 3), np.uint8)] * 72, 24, container="mkv", sound=both)
    assert np.abs(decoded(output)).max() <= 1.0
    assert metered(output)[1] <= 0.1


def test_silence_stays_silence(tone: Callable[..., Path]) -> None:
    laid = film_sound(film(FilmSound(media="none"), loudness_lufs=-14), {"none": tone(0.0)}, lambda: None)
    assert (laid.gain_db, laid.ceiling_db) == (0.0, None)


def test_nothing_is_heard(tone: Callable[..., Path]) -> None:
    assert film_sound(film(), {}, lambda: None) is None
    assert film_sound(film(FilmSound(media="late", at_s=3.0)), {"late": tone()}, lambda: None) is None


def test_many_one_after_another_keep_few_files_open(tone: Callable[..., Path], monkeypatch) -> None:
    open_now: list[int] = [0, 0]
    began, ended = ffmpeg.Running.__init__, ffmpeg.Running.__exit__

    def begin(self: ffmpeg.Running, *arguments: object, **named: bool) -> None:
        began(self, *arguments, **named)
        open_now[0] += 1
        open_now[1] = max(open_now)

    def end(self: ffmpeg.Running, *exception: object) -> None:
        ended(self, *exception)
        open_now[0] -= 1

    made = film(*(FilmSound(media="tone", duration_s=0.2, at_s=0.2 * n) for n in range(15)))
    laid = film_sound(made, {"tone": tone()}, lambda: None)
    monkeypatch.setattr(ffmpeg.Running, "__init__", begin)
    monkeypatch.setattr(ffmpeg.Running, "__exit__", end)
    samples = np.concatenate(list(laid.play(3 * RATE)))
    assert np.abs(samples[: -RATE // 100, 0]).reshape(-1, 480)[10:290].max(1).min() == pytest.approx(0.5, abs=0.01)
    assert open_now[1] <= 6  # as many as begin within a second
    assert open_now[0] == 0


def test_what_is_asked_of_a_cancelled_film_comes_through(tone: Callable[..., Path]) -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        film_sound(film(FilmSound(media="tone")), {"tone": tone()}, stop)


@pytest.mark.parametrize("name", KINDS)
def test_a_sound_file_says_how_long_it_is(make_once: Make, name: str) -> None:
    path = make_once(f"-f lavfi -i aevalsrc=exprs='{CLICK}':s=44100:d=2 -c:a {KINDS[name]}", name)
    probe = probe_sound(path)
    assert probe.duration_s == pytest.approx(2.0, abs=0.08)
    assert probe.format == {"ogg": "oga", "opus": "oga"}.get(path.suffix[1:], path.suffix[1:])


def test_a_file_without_sound_says_so(make_once: Make) -> None:
    path = make_once("-f lavfi -i testsrc2=s=64x48:r=24:d=1 -pix_fmt yuv420p", "mute.mp4")
    with pytest.raises(MediaError) as caught:
        probe_sound(path)
    assert caught.value.kind == "no_sound"
