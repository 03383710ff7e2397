"""What hangs on the pins, by gpiozero: its mock factory makes the demo and the tests possible."""
