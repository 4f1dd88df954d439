#!/bin/sh
# Keys are mounted so that several users may read them; standing takes none that others may read.
set -eu
for key in tokens.json alerts.key; do
  [ -f "${KEYS:-/etc/standing/keys}/$key" ] || continue
  install -m 600 "${KEYS:-/etc/standing/keys}/$key" "$STANDING_HOME/$key"
done
exec standing "$@"
