"""Rows of a file that begins with a heading, as several sources write them."""

import csv
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from events.sources.source import Head, Part, Unreadable
from events.sources.text import lines, no_row

Made = TypeVar("Made")


def rows(
    part: Part,
    head: Head,
    needed: Iterable[str],
    row_of: Callable[[list[str]], Callable[[list[str]], Made]],
    delimiter: str = ",",
) -> Iterator[tuple[int, Made]]:
    """The rows of a file with where they end: `row_of` says, of the columns of the heading in lower
    case, how one is taken. One of another length is a fault. Raises `Unreadable` where a needed
    column is missing, or the rest is no such file."""
    with part.open() as file:
        reader = csv.reader(lines(file), delimiter=delimiter, strict=True)
        try:
            heading = [one.strip().lower() for one in next(reader, [])]
            if missing := [one for one in needed if one.lower() not in heading]:
                raise Unreadable(f"{part.name}:1", f"there is no column {', '.join(missing)}")
            made = row_of(heading)
            for row in reader:
                if len(row) == len(heading):
                    yield reader.line_num, made(row)
                elif row:
                    what = f"{len(row)} columns where there should be {len(heading)}"
                    head.fault(part.name, reader.line_num, "row", what)
        except csv.Error as error:
            raise Unreadable(f"{part.name}:{reader.line_num}", no_row(error)) from error


def cells(heading: list[str], wanted: Iterable[str]) -> Callable[[list[str]], list[str]]:
    """How the cells of these columns are taken from a row; empty where there is no such column."""
    columns = [heading.index(one) if one in heading else None for one in map(str.lower, wanted)]
    return lambda row: ["" if column is None else row[column] for column in columns]
