"""George, Shen and Huerta 2017-2018, deep transfer learning: five networks, every layer tuned.

"Classification and unsupervised clustering of LIGO data with deep transfer learning" (Physical
Review D 97, 101501) and its long version: dropout at the start and before the output, cross
entropy, up to 100 epochs with a checkpoint each.
"""

from __future__ import annotations

from dataclasses import replace

from ml.vision.recipes.recipe import Recipe
from ml.vision.recipes.settings import TrainingSettings

SOURCE = "George, Shen and Huerta 2018 (Phys. Rev. D 97, 101501)"
INCEPTION = TrainingSettings(
    recipe="george-inception-v3",
    backbone="inception_v3",
    durations=(1.0, 2.0, 4.0),  # red, green, blue
    size=299,
    augmentation="none",
    copies=0,
    drop_durations=0.0,
    trainable_blocks="all",
    train_norms=True,
    input_dropout=0.1,
    dropout=0.2,
    optimizer="adam",
    epsilon=1e-8,
    learning_rate=1e-4,
    head_learning_rate=1e-4,
    schedule="constant",
    weight_decay=0.0,
    gradient_norm=0.0,
    label_smoothing=0.0,
    class_weights="none",
    probe_strength=0.0,
    epochs=100,
    patience=10,
)
SINGLE = replace(
    INCEPTION,
    recipe="george-resnet50",
    backbone="resnet50",
    durations=(2.0,),
    size=224,
    colours="viridis",
    normalisation="training mean",
    augmentation="shift and zoom",
    copies=1,
    optimizer="adagrad",
    epsilon=1e-6,
)

REMARKS = (
    "The rates of both dropouts, the minibatch and Adam's learning rate are not given: 0.1 of the "
    "input and 0.2 before the output, 32, and 1e-4.",
    "The epoch is chosen by validation and the training ends after 10 epochs without a better one; "
    "the paper chose on its test set.",
    "The square picture is reduced from inside the axes; of columns that become one the loudest "
    "counts.",
    "On ImageNet's weights the classifier starts at zero, where the paper's starts at random. With "
    "fewer than 256 training glitches a minibatch has an eighth of them, and never fewer than 8.",
)
MEAN_PICTURE = (
    "Behind the mean picture, ImageNet's deviation is divided out too; the paper subtracts only.",
)
BN_INCEPTION = (
    "Neither torchvision nor timm maintains BN-Inception (Ioffe and Szegedy 2015). The nearest is "
    "torchvision's GoogLeNet: the first Inception with batch norm behind every convolution, but "
    "with 22 layers instead of 31.",
)

RECIPES = (
    Recipe("InceptionV3 on 1.0, 2.0 and 4.0 s as red, green and blue", SOURCE, INCEPTION, REMARKS),
    Recipe(
        "InceptionV2 (as GoogLeNet with batch norm) on 1.0, 2.0 and 4.0 s as red, green and blue",
        SOURCE,
        replace(INCEPTION, recipe="george-inception-v2", backbone="googlenet", size=224),
        BN_INCEPTION + REMARKS,
    ),
    Recipe("ResNet50 on the 2.0 s picture", SOURCE, SINGLE, REMARKS + MEAN_PICTURE),
    Recipe(
        "VGG16 on the 2.0 s picture",
        SOURCE,
        replace(SINGLE, recipe="george-vgg16", backbone="vgg16"),
        REMARKS + MEAN_PICTURE,
    ),
    Recipe(
        "VGG19 on the 2.0 s picture",
        SOURCE,
        replace(SINGLE, recipe="george-vgg19", backbone="vgg19"),
        REMARKS + MEAN_PICTURE,
    ),
)
