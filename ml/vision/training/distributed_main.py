"""What ``torchrun`` starts: one of the processes that train together.

A file of its own, since the processes that read (:mod:`ml.vision.inputs.readers`) import the main
module of the one that starts them: torch, which they never use, would cost each 3 s and 230 MB.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    from ml.vision.training.distributed import main

    sys.exit(main(Path(sys.argv[1])))
