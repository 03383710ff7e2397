"""How large a picture may be. A door's camera gives 0.5 megapixels, a telephone 50."""

from __future__ import annotations

MAX_BYTES = 50_000_000
MAX_PIXELS = 60_000_000
