#!/usr/bin/env python3
"""A worker that reads lines: counts the lines of each file, and loads what it needs only once.

    find . -name '*.log' | twill map --worker -- ./lines.py
"""
import os
import sys

end = os.environ.get("TWILL_MAP_END", "END")

for line in sys.stdin:
    path = line.rstrip("\n")
    status = 0
    try:
        with open(path, "rb") as file:
            print(sum(1 for _ in file), path)
    except OSError as failure:
        print(failure, file=sys.stderr, flush=True)
        status = 1
    print(end, status, flush=True)
