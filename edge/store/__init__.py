"""What the door keeps over a power cut: the sealed gallery, the events, the lock-out counter."""
