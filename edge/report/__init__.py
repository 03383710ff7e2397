"""What the log says of a door over some time: `onelook report`."""
