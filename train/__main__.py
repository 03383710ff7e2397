"""`python -m train`."""

from __future__ import annotations

import os
import sys

from train.cli import main

if __name__ == "__main__":
    # TensorFlow's greetings are no part of an answer; it asks when it is loaded, which comes later.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main())
