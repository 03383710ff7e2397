"""The command line. Commands import what they need; importing this loads no OpenCV, no engine."""
