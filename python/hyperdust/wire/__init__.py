"""The protocol of HyperDust's servers, seen from outside: ``python -m hyperdust.wire.conformance tcp://…`` checks a server.

The specification is ``gym/wire/PROTOCOL.md``; environments on servers are :func:`hyperdust.connect`.
"""
