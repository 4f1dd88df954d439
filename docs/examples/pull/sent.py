"""Says what of a subscription did not arrive, out of the CSV of what was sent:

    standing deliveries ID --format csv | python sent.py

One line for each message that waits, was given up, or stands still as its subscription is disabled.
Ends with 0 where all has arrived, else with 1.
"""

import csv
import sys

ARRIVED = {"delivered", "test"}


def main() -> int:
    """How many did not."""
    latest: dict[str, dict[str, str]] = {}
    for row in csv.DictReader(sys.stdin):
        latest.setdefault(row["delivery"], row)  # the first row of a message is its last attempt
    left = [row for row in latest.values() if row["state"] not in ARRIVED]
    for row in left:
        said = row["error"] or "not tried yet"
        print(row["delivery"], row["company"], row["n"], row["state"], row["attempt"], said)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
