"""What the memory plan says of a model on this machine, in a sentence."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from engine.protocol.memory_plan import Machine, MemoryPlan, machine_of, memory_plan
from engine.protocol.model_card import ModelCard
from engine.protocol.worker_status import WorkerStatus
from studio.views.library_words import gigabytes
from studio.views.words import seconds

_translate = QCoreApplication.translate


def plan_words(card: ModelCard, workers: Sequence[WorkerStatus]) -> str:
    """Whether it fits at its usual size, and why; empty where the device or the model's anatomy is not known."""
    machine = next((machine for machine in map(machine_of, workers) if machine is not None), None)
    plan = memory_plan(card, machine) if machine is not None and card.runs_here else None
    if machine is None or plan is None:
        return ""
    parts = [_reason(plan, machine)]
    if plan.tiled and plan.verdict != "cannot":
        parts.append(_translate("library", "decoded in tiles"))
    if plan.denoise_s:
        parts.append(_translate("library", "steps take about {time}").format(time=seconds(plan.denoise_s)))
    if plan.better:
        parts.append(_translate("library", "better as {quantization}").format(quantization=plan.better))
    return " · ".join(parts)


def _reason(plan: MemoryPlan, machine: Machine) -> str:
    match plan.reason:
        case "all_there":
            said = _translate("library", "Fits {device}: needs {held} of {memory}")
        case "little_left":
            said = _translate("library", "Just fits {device}: needs {held} of {memory}, so close what else uses it")
        case "parts_wait":
            said = _translate(
                "library", "Runs on {device} ({held} of {memory}) while parts of it wait in {waiting} of memory"
            )
        case "layers_wait":
            said = _translate(
                "library", "Runs on {device} ({held} of {memory}), slower: its layers wait in {waiting} of memory"
            )
        case "device_memory":
            said = _translate("library", "Too large for {device}: needs {held}, and there are {memory}")
        case "machine_memory":
            said = _translate("library", "Too large for this machine: needs {waiting} of memory, of {machine}")
    device = _translate("library", "this processor") if machine.kind == "cpu" else machine.name
    return said.format(
        device=device,
        held=gigabytes(plan.device_bytes),
        memory=gigabytes(machine.total_bytes),
        waiting=gigabytes(plan.machine_bytes or plan.device_bytes),
        machine=gigabytes(machine.machine_bytes),
    )
