import pytest
import torch

from ml.vision.errors import DamagedWeights
from ml.vision.storage.packed import pack, unpack


def test_one_changed_byte_is_noticed(tmp_path):
    data = bytearray(pack({"w": torch.zeros(100)}))
    data[-50] ^= 1
    with pytest.raises(DamagedWeights):
        unpack(bytes(data), tmp_path)
