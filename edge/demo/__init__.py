"""The demo: the door's own two processes, played on a machine without camera and pins."""
