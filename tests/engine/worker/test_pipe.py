"""The worker's outbox: order kept, previews replaced, a slow reader never waited for."""

import os
import select

from engine.protocol.events import Preview, Progress
from engine.protocol.wire import read_framed, unpack
from engine.protocol.work import Alive, report_adapter
from engine.worker.pipe import Outbox


def preview(step: int) -> Preview:
    return Preview(job_id="j", step=step, total_steps=9, fps=12, width=8, height=8, frame_sizes_bytes=(3,))


def test_a_slow_reader_gets_everything_but_old_previews() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(os.fdopen(writing, "wb", buffering=0))
    big = bytes(4 * 2**20)  # more than a pipe holds: the sender is stuck in it until somebody reads
    outbox.put(preview(0), big)
    select.select([reading], [], [])  # it is under way, and cannot be replaced any more
    for step in range(1, 6):
        outbox.put(Progress(job_id="j", stage="denoise", step=step, total_steps=9, elapsed_s=0))
        outbox.put(preview(step), bytes([step] * 3))
    with os.fdopen(reading, "rb") as stream:
        messages = [unpack(read_framed(stream) or b"") for _ in range(7)]
    reports = [report_adapter.validate_json(header) for header, _ in messages]
    assert isinstance(reports[0], Preview)
    assert messages[0][1] == big
    assert [r.step for r in reports if isinstance(r, Progress)] == [1, 2, 3, 4, 5]
    assert [(r.step, blob) for r, (_, blob) in zip(reports, messages, strict=True) if isinstance(r, Preview)][1:] == [
        (5, b"\x05\x05\x05")
    ]


def test_signs_of_life_do_not_pile_up() -> None:
    reading, writing = os.pipe()
    outbox = Outbox(os.fdopen(writing, "wb", buffering=0))
    outbox.put(preview(0), bytes(4 * 2**20))
    select.select([reading], [], [])
    for _ in range(100):
        outbox.put(Alive())
    outbox.put(Progress(job_id="j", stage="denoise", step=1, total_steps=9, elapsed_s=0))
    outbox.put(Alive())
    outbox.put(Progress(job_id="j", stage="denoise", step=2, total_steps=9, elapsed_s=0))
    with os.fdopen(reading, "rb") as stream:
        kinds = [report_adapter.validate_json(unpack(read_framed(stream) or b"")[0]).kind for _ in range(4)]
    assert kinds == ["preview", "alive", "progress", "progress"]
