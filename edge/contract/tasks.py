"""What a network can recognise: faces, located and aligned, or pictures as they are."""

FACES, PICTURES = "faces", "pictures"
