"""The colours of energy: viridis as matplotlib draws it, and the way back from its colours."""

import numpy as np
import numpy.typing as npt

VIRIDIS: npt.NDArray[np.uint8] = np.frombuffer(
    bytes.fromhex(
        "44015444025544035745055845065a45085b46095c460b5e460c5f460e61470f62471163471265471466"
        "47156747166947186a48196b481a6c481c6e481d6f481e70482071482172482273482374472575472676"
        "472777472878472a79472b7a472c7b462d7c462f7c46307d46317e45327f45347f453580453681443781"
        "443982433a83433b83433c84423d84423e854240854141864142864043874044873f45873f47883e4888"
        "3e49893d4a893d4b893d4c893c4d8a3c4e8a3b508a3b518a3a528b3a538b39548b39558b38568b38578c"
        "37588c37598c365a8c365b8c355c8c355d8c345e8d345f8d33608d33618d32628d32638d31648d31658d"
        "31668d30678d30688d2f698d2f6a8d2e6b8e2e6c8e2e6d8e2d6e8e2d6f8e2c708e2c718e2c728e2b738e"
        "2b748e2a758e2a768e2a778e29788e29798e287a8e287a8e287b8e277c8e277d8e277e8e267f8e26808e"
        "26818e25828e25838d24848d24858d24868d23878d23888d23898d22898d228a8d228b8d218c8d218d8c"
        "218e8c208f8c20908c20918c1f928c1f938b1f948b1f958b1f968b1e978a1e988a1e998a1e998a1e9a89"
        "1e9b891e9c891e9d881e9e881e9f881ea0871fa1871fa2861fa38620a48520a58521a68521a78422a784"
        "23a88323a98224aa8225ab8126ac8127ad8028ae7f29af7f2ab07e2bb17d2cb17d2eb27c2fb37b30b47a"
        "32b57a33b67935b77836b87738b97639b9763bba753dbb743ebc7340bd7242be7144be7045bf6f47c06e"
        "49c16d4bc26c4dc26b4fc36951c46853c56755c66657c66559c7645bc8625ec96160c96062ca5f64cb5d"
        "67cc5c69cc5b6bcd596dce5870ce5672cf5574d05477d05279d1517cd24f7ed24e81d34c83d34b86d449"
        "88d5478bd5468dd64490d64392d74195d73f97d83e9ad83c9dd93a9fd938a2da37a5da35a7db33aadb32"
        "addc30afdc2eb2dd2cb5dd2bb7dd29bade27bdde26bfdf24c2df22c5df21c7e01fcae01ecde01dcfe11c"
        "d2e11bd4e11ad7e219dae218dce218dfe318e1e318e4e318e7e419e9e419ece41aeee51bf1e51cf3e51e"
        "f6e61ff8e621fae622fde724"
    ),
    dtype=np.uint8,
).reshape(256, 3)

# Colour 0xBBGGRR -> 1 + index of the nearest viridis colour, 0 where not asked yet. Pictures share
# nearly all of their colours, so each is measured once a process; threads that meet here write the
# same values. Only the pages in use take memory.
_NEAREST = np.zeros(1 << 24, np.uint16)


def energy_of(colours: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """Index of the nearest viridis colour (h, w) for each of (h, w) colours 0xBBGGRR.

    Nearest instead of equal, because plots were rounded in different ways and JPEG shifts colours.
    """
    index = _NEAREST.take(colours)
    if not index.all():
        missing = np.unique(colours[index == 0])
        for start in range(0, len(missing), 4096):  # bounds the memory that a photograph would take
            _measure(missing[start : start + 4096])
        index = _NEAREST.take(colours)
    return (index - 1).astype(np.uint8)


def _measure(colours: npt.NDArray[np.uint32]) -> None:
    """Find the viridis colour nearest to each of (k,) colours 0xBBGGRR."""
    rgb = np.stack([colours & 255, colours >> 8 & 255, colours >> 16], axis=1)  # (k, 3)
    _NEAREST[colours] = nearest(rgb)[0] + 1


def nearest(
    rgb: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Index of the viridis colour nearest to each of (k, 3) colours, and its distance squared.

    |c - v|^2 = |c|^2 - 2 c v + |v|^2, all whole numbers below 2^24: exact in single precision.
    """
    colours, viridis = rgb.astype(np.float32), VIRIDIS.astype(np.float32)
    apart = (viridis**2).sum(axis=1) - 2 * colours @ viridis.T  # (k, 256), less |c|^2
    return apart.argmin(axis=1), apart.min(axis=1) + (colours**2).sum(axis=1)
