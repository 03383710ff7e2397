"""What decides: pure functions of their arguments. No clock, no file, no thread, no randomness."""
