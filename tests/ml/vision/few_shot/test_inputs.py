import numpy as np

from ml.vision.few_shot.inputs import few_shot_inputs
from ml.vision.inputs.dataset import GlitchPictures
from tests.ml.vision.conftest import save_glitch


def test_a_glitch_has_four_zooms_and_an_unreadable_one_is_left_out(tmp_path):
    rng = np.random.default_rng(0)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    glitches = [
        save_glitch(tmp_path, "aaaaaaaaaa", "blip", rng, durations=(4.0,)),
        GlitchPictures("bbbbbbbbbb", {0.5: broken, 4.0: broken}),
        save_glitch(tmp_path, "cccccccccc", "line", rng, durations=(0.5, 1.0, 2.0, 4.0)),
    ]
    inputs = few_shot_inputs(glitches, tmp_path / "cache", device="cpu")
    assert inputs.glitch_ids == ["aaaaaaaaaa", "cccccccccc"]
    assert inputs.crops.shape == (2, 4, 1280)
    assert inputs.pixels.shape == (2, 56 * 56)
    # A column in the middle grows wider with each zoom: no two crops look alike.
    assert len(np.unique(inputs.crops[0].round(3), axis=0)) == 4
