#!/bin/sh
# Keys are mounted so that several users may read them; standing takes none that others may read.
set -eu
for key in "${KEYS:-/etc/standing/keys}"/*; do
  [ -f "$key" ] || continue
  install -m 600 "$key" "$STANDING_HOME/${key##*/}"
done
exec standing "$@"
