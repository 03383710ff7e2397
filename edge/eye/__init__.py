"""The eye: camera -> frame -> face -> embedding. It parses foreign data and can open nothing."""

import os

# Whole seconds that OpenCV waits for a webcam's frame instead of its own 10: a press takes 2. It is
# read once, at the first capture; whatever captures passes here first.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
