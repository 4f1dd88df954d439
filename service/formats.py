"""Rows as files: JSON Lines, CSV and Parquet, written piece by piece, however many there are.

JSON Lines keep the shape that HTTP answers have. CSV and Parquet have one column for each leaf:
in CSV, texts of which there are many are joined by ";" and lists of records are JSON; in Parquet
times are timestamps in UTC, and lists are lists.

In CSV a text that a spreadsheet would run as a formula has a `'` before it, and so has one that is
such a formula behind some `'`: `unquoted` takes it off again.
"""

import csv
import io
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import orjson

from events.errors import Refused

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "number", "share", "truth", "time", "instant", "texts", "records"]
Format = Literal["jsonl", "csv", "parquet"]

MEDIA_TYPES: Final[dict[Format, str]] = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
ROWS: Final = 1_000
"""How many rows make a piece. Few enough that they are gone before Python's collector of garbage
looks at them again and again, which took longer than all else."""
ROW_GROUP: Final = 50
"""How many pieces make a row group in Parquet."""
_FORMULA: Final = re.compile(
    r"'*(?:[\t\r]|[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)
"""How a formula begins: behind blanks, too, and in the wide forms that spreadsheets also take.
Behind `'` none would be run, but it would be taken for one that was not to be."""


class Column(NamedTuple):
    """A leaf of a row: its name where there are columns, what it is, and how to get at it.
    Records have `fields`, which get at their parts. A time is ISO 8601, an instant microseconds."""

    name: str
    kind: Kind
    get: Callable[[Any], Any]
    fields: tuple["Column", ...] = ()


class Table(NamedTuple):
    """What rows of one sort look like. Rows and records that are tuples have their leaves in the
    order of the columns. `as_json` makes of a row what stands in JSON Lines."""

    columns: tuple[Column, ...]
    as_json: Callable[[Any], Any]


def _leaf(path: str, kind: Kind, name: str = "") -> Column:
    """A column of nested mappings, its path written with dots."""
    first, *rest = path.split(".")
    get: Callable[[Any], Any] = itemgetter(first)
    if rest:
        (second,) = rest

        def get(row: Any) -> Any:
            return row[first][second]

    return Column(name or path.replace(".", "_"), kind, get)


def _in_order(*columns: tuple[str, Kind]) -> tuple[Column, ...]:
    """The columns of tuples."""
    return tuple(
        Column(name, kind, itemgetter(place)) for place, (name, kind) in enumerate(columns)
    )


_STANDING: Final = _in_order(
    ("list", "text"),
    ("covered", "truth"),
    ("status", "text"),
    ("since", "instant"),
    ("until", "instant"),
    ("how", "text"),
    ("restrictions", "texts"),
)
REPLAY: Final = Table(
    tuple(
        column._replace(fields=_STANDING) if column.kind == "records" else column
        for column in _in_order(
            ("as_of", "text"),
            ("company", "text"),
            ("name", "text"),
            ("country", "text"),
            ("status", "text"),
            ("restrictions", "texts"),
            ("lists", "records"),
            ("parked", "text"),
            ("ownership", "text"),
        )
    ),
    lambda row: {**row._asdict(), "lists": [one.shown() for one in row.lists]},
)
"""Rows of `projections.replay`."""

CHANGES: Final = Table(
    (
        _leaf("company", "text"),
        _leaf("list", "text"),
        _leaf("sequence", "number"),
        _leaf("kind", "text"),
        _leaf("effective", "time"),
        _leaf("announced", "time"),
        _leaf("recorded", "time"),
        _leaf("from.status", "text"),
        _leaf("from.how", "text"),
        _leaf("from.restrictions", "texts"),
        _leaf("to.status", "text"),
        _leaf("to.how", "text"),
        _leaf("to.restrictions", "texts"),
        Column("overall_before", "text", lambda row: row["overall"]["before"]["status"]),
        Column("overall_after", "text", lambda row: row["overall"]["after"]["status"]),
        _leaf("cause", "texts"),
        _leaf("backfill", "truth"),
        _leaf("change", "text"),
    ),
    lambda row: row,
)
"""Changes as `projections.changes.shown` tells them."""


def encoded(rows: Iterable[Any], table: Table, form: Format) -> Generator[bytes, None, None]:
    """The rows as pieces of a file of that format. Close it to let go of the rows early."""
    pieces = _pieces(rows, ROWS)
    match form:
        case "jsonl":
            return _jsonl(pieces, table)
        case "csv":
            return _csv(pieces, table)
        case "parquet":
            return _parquet(pieces, table)


def form_of(text: str, field: str) -> Format:
    """Read the name of a format. Raises `Refused`."""
    for form in MEDIA_TYPES:
        if form == text:
            return form
    raise Refused.field(field, f"unknown format {text!r}; one of {', '.join(MEDIA_TYPES)}")


def _pieces(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(rows)
    while piece := list(islice(rest, size)):
        yield piece


# --- JSON Lines and CSV -------------------------------------------------------------------------


def _jsonl(pieces: Iterable[Sequence[Any]], table: Table) -> Generator[bytes, None, None]:
    for piece in pieces:
        yield b"".join(
            orjson.dumps(table.as_json(row), option=orjson.OPT_APPEND_NEWLINE) for row in piece
        )


def _csv(pieces: Iterable[Sequence[Any]], table: Table) -> Generator[bytes, None, None]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")  # RFC 4180
    writer.writerow(_text(column.name) for column in table.columns)
    cells = [(column.get, _CELLS[column.kind]) for column in table.columns]
    for piece in pieces:
        writer.writerows([cell(get(row)) for get, cell in cells] for row in piece)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue().encode()


def _text(value: str | None) -> str:
    """A spreadsheet runs what begins like a formula, and a company may call itself anything."""
    if value is None:
        return ""
    return f"'{value}" if _FORMULA.match(value) else value


def unquoted(cell: str) -> str:
    """The text of a cell of such a CSV, as it was."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _truth(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


_CELLS: Final[dict[Kind, Callable[[Any], Any]]] = {
    "text": _text,
    "time": _text,
    "number": lambda value: value,
    "share": lambda value: value,
    "truth": _truth,
    "texts": lambda value: _text(";".join(value or ())),
    "records": lambda value: orjson.dumps([one.shown() for one in value]).decode(),
}


# --- Parquet ------------------------------------------------------------------------------------


class _Sink(io.RawIOBase):
    """Takes what is written, and gives it on from time to time."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since last asked."""
        found = b"".join(self._written)
        self._written.clear()
        return found


def _parquet(pieces: Iterable[Sequence[Any]], table: Table) -> Generator[bytes, None, None]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and most never write Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema([(column.name, _type(column)) for column in table.columns])
    sink = _Sink()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for group in _pieces(pieces, ROW_GROUP):
            batches = [
                pa.RecordBatch.from_arrays(_arrays(table.columns, piece), schema=schema)
                for piece in group
            ]
            writer.write_table(pa.Table.from_batches(batches).combine_chunks())
            yield sink.taken()
    yield sink.taken()


def _type(column: Column) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415

    match column.kind:
        case "text":
            return pa.string()
        case "number":
            return pa.int64()
        case "share":
            return pa.float64()
        case "truth":
            return pa.bool_()
        case "time" | "instant":
            return pa.timestamp("us", tz="UTC")
        case "texts":
            return pa.list_(pa.string())
        case "records":
            return pa.list_(pa.struct([(one.name, _type(one)) for one in column.fields]))


def _arrays(columns: Sequence[Column], rows: Sequence[Any]) -> "list[pa.Array]":
    """The columns of many rows."""
    if rows and isinstance(rows[0], tuple):
        values: Iterable[Sequence[Any]] = zip(*rows, strict=True)
    else:
        values = ([column.get(row) for row in rows] for column in columns)
    return [_array(column, some) for column, some in zip(columns, values, strict=False)]


def _array(column: Column, values: Sequence[Any]) -> "pa.Array":
    """One column: lists flattened, so that no value is looked at twice."""
    import pyarrow as pa  # noqa: PLC0415

    if column.kind in ("texts", "records"):
        offsets = pa.array(accumulate(map(len, values), initial=0), pa.int32())
        flat = list(chain.from_iterable(values))
        if column.kind == "texts":
            return pa.ListArray.from_arrays(offsets, pa.array(flat, pa.string()))
        parts = _arrays(column.fields, flat)
        names = [one.name for one in column.fields]
        return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(parts, names))
    if column.kind == "time":
        return pa.array(values, pa.string()).cast(_type(column))
    return pa.array(values, _type(column))
