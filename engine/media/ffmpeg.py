"""The one place that starts ffmpeg: bounded in time and memory, without a terminal, network or console window."""

import contextlib
import io
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engine.media.errors import MediaError
from engine.media.formats import PICTURE_DECODERS

MAX_PIXELS = 64 * 1024 * 1024
_MAX_LOG_BYTES = 8 * 1024 * 1024
_MAX_BLOCK_BYTES = 1024 * 1024 * 1024
_EXIT_LIMIT_S = 10.0


@dataclass(frozen=True)
class Finished:
    """How an ffmpeg run ended: its exit code (negative for a signal), its log, and whether it ran out of time."""

    return_code: int
    log: str
    timed_out: bool

    def last_line(self) -> str:
        """Return the last line of the log that names no file, at most 160 characters."""
        for line in reversed(self.log.splitlines()):
            text = re.sub(r"^\[[^\]]*\]\s*", "", line).strip()
            if text and not re.search(r"file|[/\\]|Conversion failed", text):
                return text[:160]
        return "out of time" if self.timed_out else f"exit code {self.return_code}"


class Running:
    """One ffmpeg process; a context manager that leaves no process, thread or pipe behind, whatever happens.

    Its log is drained by a thread of its own, so that neither side waits for the other on a full pipe.
    """

    def __init__(self, arguments: Sequence[str], *, writes_stdin: bool = False, reads_stdout: bool = False) -> None:
        self._timed_out = False
        self._process = _start(arguments, writes_stdin=writes_stdin, reads_stdout=reads_stdout)
        self._log = bytearray()
        self._drain = threading.Thread(target=self._drain_log, name="ffmpeg-log", daemon=True)
        self._drain.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._drain.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    @contextlib.contextmanager
    def limited(self, limit_s: float) -> Iterator[None]:
        """Kill the process when the body takes longer than `limit_s` seconds; the blocked call then returns."""
        timer = threading.Timer(limit_s, self._run_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def write(self, buffer: memoryview, limit_s: float) -> bool:
        """Write all of a contiguous buffer of bytes to the process; False when the process has gone."""
        assert self._process.stdin
        with self.limited(limit_s):
            try:
                while buffer:
                    buffer = buffer[self._process.stdin.write(buffer) :]
            except OSError:  # BrokenPipeError on POSIX, EINVAL on Windows
                return False
        return True

    def read_into(self, buffer: memoryview, limit_s: float) -> int:
        """Fill a contiguous buffer of bytes from the process; return how many bytes came before the end."""
        output = self.stdout
        filled = 0
        with self.limited(limit_s):
            while filled < len(buffer):
                count = output.readinto(buffer[filled:])
                if not count:
                    break
                filled += count
        return filled

    @property
    def stdout(self) -> io.RawIOBase:
        """The unbuffered standard output; read it within `limited`."""
        assert isinstance(self._process.stdout, io.RawIOBase)
        return self._process.stdout

    def finish(self, limit_s: float = _EXIT_LIMIT_S) -> Finished:
        """Close the input, wait for the exit and return how it ended; killed after `limit_s` seconds."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with self.limited(limit_s):
            self._process.wait()
        self._drain.join()
        return Finished(self._process.returncode, self._log.decode(errors="replace"), self._timed_out)

    def _run_out(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _drain_log(self) -> None:
        # The start of the log describes the file, the end says why it failed: the middle may go.
        assert self._process.stderr
        while chunk := self._process.stderr.read(65536):
            self._log += chunk
            if len(self._log) > _MAX_LOG_BYTES:
                del self._log[_MAX_LOG_BYTES // 2 : -_MAX_LOG_BYTES // 4]


def run(arguments: Sequence[str], *, limit_s: float, max_output_bytes: int) -> tuple[Finished, bytes]:
    """Run ffmpeg to its end and return how it ended and the first `max_output_bytes` of its standard output."""
    with Running(arguments, reads_stdout=True) as running:
        output = bytearray(65536)
        kept = bytearray()
        with running.limited(limit_s):
            while len(kept) < max_output_bytes and (count := running.stdout.readinto(output)):
                kept += output[:count]
        if len(kept) >= max_output_bytes:
            return Finished(0, "", timed_out=False), bytes(kept[:max_output_bytes])
        return running.finish(), bytes(kept)


def input_file(path: Path, demuxer: str, decoders: frozenset[str] = PICTURE_DECODERS) -> list[str]:
    """Return the arguments that open one local file with one demuxer and some decoders and let it open nothing else."""
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", ",".join(sorted(decoders))),
        *("-max_pixels", str(MAX_PIXELS), "-f", demuxer, "-i", f"file:{path}"),
    ]


def _binary() -> str:
    chosen = os.environ.get("REELWRIGHT_FFMPEG")
    if chosen:
        return chosen
    import imageio_ffmpeg  # late: it looks for its binary and costs start-up time

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise MediaError("unsupported", "no ffmpeg on this machine: set REELWRIGHT_FFMPEG") from error


def _environment() -> dict[str, str]:
    # cv2 leaves QT_* of its own Qt behind; FFREPORT would write a log file, colour would break the log's parsing.
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("QT_", "FFREPORT", "AV_LOG_"))}
    return kept | {"AV_LOG_FORCE_NOCOLOR": "1"}


def _start(arguments: Sequence[str], *, writes_stdin: bool, reads_stdout: bool) -> subprocess.Popen[bytes]:
    command = [_binary(), "-nostdin", "-hide_banner", "-nostats", "-max_alloc", str(_MAX_BLOCK_BYTES), *arguments]
    try:
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE if writes_stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if reads_stdout else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            # A Ctrl-C in the terminal is ours to handle: ffmpeg would answer it by closing a short file properly.
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, ValueError) as error:
        raise MediaError("unsupported", f"ffmpeg does not start: {type(error).__name__}") from error
