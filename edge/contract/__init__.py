"""What training, conversion and the door share: picture -> face -> crop -> tensor, distances, the bundle."""
