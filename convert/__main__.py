"""`python -m convert`."""

from __future__ import annotations

import sys

from convert.cli import main

sys.exit(main())
