"""onelook: one press, one look, the door opens for the people who may come in."""

__version__ = "0.3.0"
