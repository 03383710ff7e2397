"""What training, conversion and the door share: picture -> face -> crop -> tensor, the bundle."""

import os

from edge.contract.limits import MAX_PIXELS

# OpenCV reads its own limit once, when it is loaded, and then refuses a picture by its header,
# before the memory is spent. Whatever of ours imports OpenCV passes here first.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
