#!/bin/sh
# A worker that reads lines: one shell for all inputs.
#
#     seq 1000 | twill map --worker -- ./lines.sh
while IFS= read -r input; do
    echo "got $input"
    echo "$TWILL_MAP_END $?"
done
