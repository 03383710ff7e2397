"""What an MQTT broker is told of a door: the half of `onelook mqtt` that has a network.

It publishes and never subscribes. It has neither the log nor the gallery nor a way to the door:
what it tells, it is given by `edge.tell`. docs/fleet.md is for the owner,
docs/decisions/0007-doors-tell.md says why it is so.
"""
