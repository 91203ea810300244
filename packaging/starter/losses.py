"""What the VAE learns from: reconstruction terms, and a small patch discriminator for crisp detail."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

L1_WEIGHT, MSE_WEIGHT, GRADIENT_WEIGHT, MOTION_WEIGHT, KL_WEIGHT = 1.0, 2.0, 0.6, 0.4, 5e-5


def gradient_difference(difference: torch.Tensor) -> torch.Tensor:
    """L1 of a difference's spatial gradients on three scales  # difference [B, 3, F, H, W]."""
    total = difference.new_zeros(())
    for scale in range(3):
        across = (difference[..., 1:] - difference[..., :-1]).abs().mean()
        down = (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()
        total = total + across + down
        if scale < 2:
            difference = F.avg_pool3d(difference, (1, 2, 2))
    return total


def reconstruction_loss(decoded: torch.Tensor, frames: torch.Tensor) -> tuple[torch.Tensor, float]:
    """The loss, and the PSNR in dB, of decoded frames against the true ones  # [B, 3, F, H, W] in -1..1."""
    difference = decoded - frames
    mse = (difference * difference).mean()
    motion = (difference[:, :, 1:] - difference[:, :, :-1]).abs().mean() if frames.shape[2] > 1 else 0.0
    loss = L1_WEIGHT * difference.abs().mean() + MSE_WEIGHT * mse
    loss = loss + GRADIENT_WEIGHT * gradient_difference(difference) + MOTION_WEIGHT * motion
    return loss, float(10 * torch.log10(4 / mse.detach()))


def kl_divergence(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Of the posterior from a standard normal, per value."""
    return 0.5 * (mean * mean + log_variance.exp() - 1 - log_variance).mean()


class PatchDiscriminator(nn.Module):
    """Judges small patches of frame pairs, as real or decoded; 0.3 M parameters.

    Two neighbouring frames go in as six channels, so that flicker counts as well as blur.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(6, width, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(width, width * 2, 4, 2, 1)),
            nn.LeakyReLU(0.2),
            nn.utils.parametrizations.spectral_norm(nn.Conv2d(width * 2, width * 4, 3, 1, 1)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width * 4, 1, 3, 1, 1),
        )

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Scores  # [N, 1, h, w], from frames [B, 3, F, H, W]."""
        pairs = torch.cat([frames[:, :, :-1], frames[:, :, 1:]], 1)
        return self.layers(pairs.transpose(1, 2).flatten(0, 1))


def discriminator_loss(judge: PatchDiscriminator, real: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
    """Hinge loss of the judge."""
    return (F.relu(1 - judge(real)) + F.relu(1 + judge(decoded.detach()))).mean()


def fooling_loss(judge: PatchDiscriminator, decoded: torch.Tensor) -> torch.Tensor:
    """What the decoder gains from being taken for real."""
    return -judge(decoded).mean()
