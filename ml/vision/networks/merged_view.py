"""The convolutions of the merged-view network, laid out as a backbone of four steps.

Bahaadini et al. 2018 (Information Sciences 444), table 5: kernels of 5 x 5 without padding, ReLU,
pooling of 2 x 2 and a dropout of one half after each.
"""

from __future__ import annotations

from torch import nn

CHANNELS = (16, 32, 64, 64)
KERNEL, POOLED = 5, 2
# Where the places of the last maps look, in pixels of the picture: the middle of the first, and the
# way from one to the next. Without padding each stage begins 2.5 of its own pixels further inside:
# two by the kernel, half of one by pooling.
STEP = POOLED ** len(CHANNELS)
FIRST = 0.5 + (KERNEL // 2 + 0.5) * (STEP - 1)
LAST_SIDE = 8
FEATURES = CHANNELS[-1] * LAST_SIDE**2
DROPOUT = 0.5


def build_steps() -> nn.Sequential:
    """(n, 3, h, w) -> (n, 4096); any h and w of 76 or more."""
    steps: list[nn.Module] = []
    before = 3
    for channels in CHANNELS:
        convolution = nn.Conv2d(before, channels, KERNEL)
        pooling = nn.MaxPool2d(POOLED)
        steps.append(nn.Sequential(convolution, nn.ReLU(), pooling, nn.Dropout(DROPOUT)))
        before = channels
    flat = nn.Sequential(nn.AdaptiveAvgPool2d(LAST_SIDE), nn.Flatten())
    return nn.Sequential(*steps, flat)
