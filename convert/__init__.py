"""The workstation's second part: a Keras siamese network -> a bundle that a door can trust."""
