#!/usr/bin/env python3
"""A worker with lengths, so that inputs and answers may be any bytes: says how long each input is.

    twill map --worker --lengths -0 -- ./lengths.py < inputs
"""
import sys

inputs, answers = sys.stdin.buffer, sys.stdout.buffer

while head := inputs.readline():
    data = inputs.read(int(head))
    out, err, status = b"%d bytes\n" % len(data), b"", 0
    if not data:
        out, err, status = b"", b"nothing in it\n", 1
    answers.write(b"%d %d %d\n" % (status, len(out), len(err)) + out + err)
    answers.flush()
