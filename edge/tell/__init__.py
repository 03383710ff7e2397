"""What is told of the log to those who may not read it: the reading half of `onelook mqtt`.

It may read the log and the gallery and has no network; who asks can say where to begin, and nothing
else. docs/decisions/0007-doors-tell.md says why.
"""
