"""The face locator: scenes in, two small networks out, one that finds faces, one that points."""
