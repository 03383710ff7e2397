"""In place of kms++, which Debian has not: picamera2 names its formats at import, for a preview."""


class _Names:
    def __getattr__(self, name):
        return name


PixelFormat = _Names()
