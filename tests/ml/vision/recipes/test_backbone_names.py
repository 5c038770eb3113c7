"""Names of backbones are told right or wrong without torch, as the libraries have them."""

import subprocess
import sys

import pytest

from ml.vision.errors import UnknownBackbone
from ml.vision.networks.families import names_in_libraries
from ml.vision.recipes import RECIPES, settings_for
from ml.vision.recipes.backbone_names import LIST, check_backbone


def test_the_list_is_that_of_the_libraries_as_pinned():
    """Else run ``python -m scripts.backbone_names``."""
    assert LIST.read_text().split() == names_in_libraries()


@pytest.mark.parametrize(
    "name",
    [
        "efficientnet-lite0",
        "merged-view",
        "vgg11",
        "timm:vgg11",
        "vit_b_16",  # of torchvision alone
        "convnext_atto",  # of timm alone
        "resnet50.a1_in1k",
        "timm:resnet50.a1_in1k",
        *sorted({recipe.settings.backbone for recipe in RECIPES.values()}),
    ],
)
def test_what_there_is_passes(name):
    check_backbone(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet5O", "no backbone 'resnet5O' in .* did you mean resnet50,"),
        ("timm:vit_b_16", "no backbone 'timm:vit_b_16'"),  # timm has none of that name
        ("vit_b_16.tag", "no backbone"),
        ("efficientnet-lite", "did you mean efficientnet-lite0,"),
        ("hf-hub:timm/resnet50", "no backbone"),
        ("???", r"or timm\.$"),
    ],
)
def test_what_there_is_not_is_told_with_what_is_near(name, words):
    with pytest.raises(UnknownBackbone, match=words) as refusal:
        settings_for("nota-cpu", {"backbone": name})
    assert refusal.value.data == {"name": name}


def test_no_torch_is_loaded_for_it():
    code = (
        "import sys; from ml.vision.recipes.backbone_names import check_backbone; "
        "check_backbone('vgg11'); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
