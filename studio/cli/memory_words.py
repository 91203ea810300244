"""Words for the terminal about whether a model fits this machine, by the memory plan."""

from collections.abc import Sequence

from rich.filesize import decimal

from engine.protocol.memory_plan import TIGHT, Machine, MemoryPlan, Reason, machine_of, memory_plan
from engine.protocol.model_card import ModelCard
from engine.protocol.worker_status import WorkerStatus
from studio.cli.words import seconds

_REASONS: dict[Reason, str] = {
    "all_there": "all of it on {device}",
    "little_left": "all of it on {device}, with little left: close what else uses its memory",
    "parts_wait": "one part at a time on {device}, the others wait in the machine's memory",
    "layers_wait": "layer by layer on {device}, the others wait in the machine's memory: slower",
    "device_memory": "too large for {device}, which has {memory}",
    "machine_memory": "too large for this machine's memory of {machine}",
}


def machine_with(workers: Sequence[WorkerStatus]) -> Machine | None:
    """The machine of the first worker that has said what it has."""
    return next((machine for machine in map(machine_of, workers) if machine is not None), None)


def plan_for(card: ModelCard, machine: Machine | None) -> MemoryPlan | None:
    """The plan for what the card starts from; None where the machine or the model's anatomy is not known."""
    return memory_plan(card, machine) if machine is not None and card.runs_here else None


def verdict_words(card: ModelCard, machine: Machine | None) -> str:
    """One word for a table; of a model without a plan only what was measured: that it fits."""
    plan = plan_for(card, machine)
    if plan is not None:
        return plan.verdict
    least = min(card.memory_bytes.values(), default=0)
    return "fits" if least and machine is not None and least < machine.total_bytes * TIGHT else "unknown"


def memory_sentence(card: ModelCard, machine: Machine | None) -> str:
    """Whether it fits, why, and what would be better."""
    plan = plan_for(card, machine)
    if machine is None or plan is None:
        return "unknown: the device has not said yet what it has" if machine is None else "unknown"
    device = "this processor" if machine.kind == "cpu" else machine.name
    why = _REASONS[plan.reason].format(
        device=device, memory=decimal(machine.total_bytes), machine=decimal(machine.machine_bytes)
    )
    numbers = f"needs {decimal(plan.device_bytes)} of {decimal(machine.total_bytes)}"
    if plan.machine_bytes:
        numbers += f", and {decimal(plan.machine_bytes)} of the machine's {decimal(machine.machine_bytes)}"
    tiled = "; decoded in tiles" if plan.tiled else ""
    roughly = f"; all steps in about {seconds(plan.denoise_s)}" if plan.denoise_s else ""
    better = f"; better as {plan.better}" if plan.better else ""
    return f"{plan.verdict}: {why} ({numbers}){tiled}{roughly}{better}"
