"""The workstation's part: photographs of people -> a Keras siamese model with its report."""
