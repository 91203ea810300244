"""Mixed precision that works on CPU and GPU alike: bfloat16 weights that compute, float32 masters that learn."""

from collections.abc import Callable, Mapping

import torch
from torch import nn

EMA_HORIZON = 0.998
"""Weight of the past in the moving average that is exported."""

CLIPPED = "adam"
"""The optimizer whose gradients are clipped; Muon's updates have a fixed size anyway."""

Optimizers = dict[str, torch.optim.Optimizer]
Build = Callable[[Mapping[str, torch.Tensor]], Optimizers]
"""Makes optimizers by name from masters by parameter name."""


class Masters:
    """Float32 masters of a module's trained parameters, their moving average, and the optimizers."""

    def __init__(self, module: nn.Module, build: Build) -> None:
        trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self.masters = {name: p.detach().clone().float().requires_grad_() for name, p in trained.items()}
        self.ema = {name: master.detach().clone() for name, master in self.masters.items()}
        module.to(torch.bfloat16)
        self.working = {name: p for name, p in module.named_parameters() if name in self.masters}
        self.optimizers = build(self.masters)

    def step(self, rates: Mapping[str, float], updates: int) -> float:
        """Apply the gradients of the working weights; return the norm of the clipped ones before clipping."""
        for name, master in self.masters.items():
            weight = self.working[name]
            master.grad = torch.zeros_like(master) if weight.grad is None else weight.grad.float()
            weight.grad = None
        norm = torch.nn.utils.clip_grad_norm_(
            [p for group in self.optimizers[CLIPPED].param_groups for p in group["params"]], 1.0
        )
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = rates[name]
            optimizer.step()
        decay = min(EMA_HORIZON, (updates + 1) / (updates + 30))
        with torch.no_grad():
            current = [master.detach() for master in self.masters.values()]
            torch._foreach_copy_(  # pyright: ignore[reportPrivateImportUsage]
                list(self.working.values()), current
            )
            torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
                list(self.ema.values()), current, 1 - decay
            )
        return float(norm)

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything that a resume needs, by name."""
        state = {f"master/{name}": master for name, master in self.masters.items()}
        state |= {f"ema/{name}": average for name, average in self.ema.items()}
        for label, optimizer in self.optimizers.items():
            state |= optimizer_tensors(label, optimizer)
        return state

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up what `tensors` gave."""
        with torch.no_grad():
            for name, master in self.masters.items():
                master.copy_(state[f"master/{name}"])
                self.ema[name].copy_(state[f"ema/{name}"])
                self.working[name].copy_(master)
        for label, optimizer in self.optimizers.items():
            load_optimizer(label, optimizer, state)


def optimizer_tensors(label: str, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """An optimizer's state as tensors by name."""
    states = optimizer.state_dict()["state"]
    return {
        f"{label}/{number}/{key}": torch.as_tensor(value)
        for number, values in states.items()
        for key, value in values.items()
    }


def load_optimizer(label: str, optimizer: torch.optim.Optimizer, state: Mapping[str, torch.Tensor]) -> None:
    """Take up what `optimizer_tensors` gave."""
    whole = optimizer.state_dict()
    whole["state"] = {}
    for key, value in state.items():
        kind, _, rest = key.partition("/")
        if kind == label:
            number, _, name = rest.partition("/")
            whole["state"].setdefault(int(number), {})[name] = value
    optimizer.load_state_dict(whole)


def averaged(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The moving average of a checkpoint's tensors, by parameter name, float32."""
    return {name.removeprefix("ema/"): tensor for name, tensor in state.items() if name.startswith("ema/")}
