"""One vector of a glitch from one of each of its durations, any of them missing.

Gated attention (Ilse, Tomczak and Welling 2018, "Attention-based deep multiple instance learning",
equation 9): a_k = softmax(w' (tanh(V h_k) * sigm(U h_k))), z = sum a_k h_k. Wu et al. 2024
(arXiv 2401.12913) fuse the four views of a glitch by attention.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

GATE = 128


class DurationAttention(nn.Module):
    """(n, d, D) features of d durations and which of them are there (n, d) -> (n, D)."""

    def __init__(self, features: int, durations: int) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(durations, GATE))  # which duration it is
        self.content = nn.Linear(features, GATE)  # V
        self.gate = nn.Linear(features, GATE)  # U
        self.score = nn.Linear(GATE, 1)  # w

    def weights(self, h: Tensor, present: Tensor) -> Tensor:
        """(n, d), 0 for what is missing, each row with sum 1; all missing count alike."""
        hidden = torch.tanh(self.content(h) + self.place) * torch.sigmoid(self.gate(h))  # (n, d, G)
        scores = self.score(hidden).squeeze(-1).float()  # (n, d)
        nothing = ~present.any(dim=1, keepdim=True)
        return scores.masked_fill(~(present | nothing), float("-inf")).softmax(dim=1)

    def forward(self, h: Tensor, present: Tensor) -> Tensor:
        return torch.einsum("nd,ndf->nf", self.weights(h, present).to(h.dtype), h)


def are_present(x: Tensor) -> Tensor:
    """(n, d, ...) -> (n, d): a duration is missing where all of its numbers are 0."""
    return x.flatten(2).ne(0).any(dim=2)
