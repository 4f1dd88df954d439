"""Rows sorted into heaps, in memory and on the disk."""

from pathlib import Path

from events.kafka.spool import HEAPS, Spool, heap_of


def test_rows_come_back_from_their_heap_in_order(tmp_path: Path) -> None:
    """Those that went to the disk first."""
    spool = Spool(tmp_path / "spool")
    rows = [(b"key-%d" % (number % 100), number, b"value", None) for number in range(1_000)]
    spool.put(rows[:300], 10)
    spool.put(rows[300:600], 2**30)
    spool.put(rows[600:800], 2**30)
    spool.put(rows[800:], 10)
    for number in range(HEAPS):
        assert spool.heap(number) == [row for row in rows if heap_of(row[0]) == number]
