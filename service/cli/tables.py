"""`replay` and `changes`: everybody, as rows for programs."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import typer

from events.dates import DAY, UTC_ZONE, BadDate, Instant, duration, last, precision, show, start
from events.errors import Refused
from projections.changes import Change, shown
from projections.reader import Question
from service.cli.common import (
    ASK,
    AnnouncedBy,
    AsJson,
    KnownAt,
    Lists,
    Out,
    not_empty,
    progress,
    run,
    using,
    write_out,
)
from service.formats import CHANGES, REPLAY, Format, encoded

_PAGE: Final = 2_000
_MOST_DATES: Final = 10_000

Form = Annotated[Format, typer.Option("--format", help="What to write.")]
Axis = Literal["effective", "announced", "recorded"]


def add_to(app: typer.Typer) -> None:
    """Make these commands of `standing`."""
    for command in (replay, changes):
        app.command(rich_help_panel=ASK)(command)


def replay(
    as_of: Annotated[
        str | None, typer.Option(callback=not_empty, help="Everybody's status at this date.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", callback=not_empty, help="First day of a panel.")
    ] = None,
    to: Annotated[str | None, typer.Option(callback=not_empty, help="Last day of a panel.")] = None,
    every: Annotated[str, typer.Option(help="Days between the dates of a panel: 1d, 7d.")] = "1d",
    lists: Lists = None,
    announced_by: AnnouncedBy = None,
    known_at: KnownAt = None,
    form: Form = "jsonl",
    as_json: AsJson = False,
    output: Out = None,
) -> None:
    """What everybody's standing was: one row per company, or per company and date."""
    dates = _dates(as_of, from_, to, every)
    question = Question(tuple(lists or ()), None, announced_by, known_at)
    run(_replay(question, dates, "jsonl" if as_json else form, output))


async def _replay(question: Question, dates: list[str], form: Format, output: Out) -> None:
    from projections.replay import panel

    with using() as standing:
        for list_id in question.lists:
            standing.registry.require(list_id, "--list")
        async with standing.caught_up() as store:
            standing.reader.refresh()
            total = store.counts()["companies"] * len(dates)
            with progress("replay", total, "rows") as advance:
                # No name holds the rows: they let go of the store when writing ends early.
                write_out(
                    encoded(
                        _counted(panel(store, standing.reader, question, dates), advance),
                        REPLAY,
                        form,
                    ),
                    output,
                )


def _counted(rows: Iterator[Any], advance: Any) -> Iterator[Any]:
    for number, row in enumerate(rows, 1):
        yield row
        if not number % _PAGE:
            advance(_PAGE)


def _dates(as_of: str | None, first: str | None, final: str | None, every: str) -> list[str]:
    if as_of is not None:
        if first or final:
            raise typer.BadParameter("asks for one date; leave --from and --to out", None, None)
        try:
            precision(as_of)
        except BadDate as error:
            raise Refused.field("--as-of", str(error)) from None
        return [as_of]
    if first is None or final is None:
        raise typer.BadParameter("give --as-of, or --from and --to", None, None)
    begins, ends, step = _day(first, "--from"), _day(final, "--to"), _step(every)
    if ends < begins:
        raise Refused.field("--to", f"{final} is before --from {first}")
    count = (ends - begins) // step + 1
    if count > _MOST_DATES:
        raise Refused.field("--every", f"that is {count:,} dates; at most {_MOST_DATES:,} at once")
    return [show(begins + number * step)[:10] for number in range(count)]


def _day(text: str, field: str) -> Instant:
    try:
        exact = precision(text) == "day"
    except BadDate as error:
        raise Refused.field(field, str(error)) from None
    if not exact:
        raise Refused.field(field, f"{text!r} is no day; write 2021-02-03")
    return start(text)


def _step(text: str) -> Instant:
    try:
        step = duration(text)
    except BadDate as error:
        raise Refused.field("--every", str(error)) from None
    if not step or step % DAY:
        raise Refused.field("--every", f"{text!r} is no number of days; write 1d, 7d or P30D")
    return step


def changes(
    company: Annotated[str | None, typer.Option(help="Only this company.")] = None,
    lists: Lists = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="changed, corrected, scheduled, noted; by default all but noted."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="From the start of this date on.")] = None,
    until: Annotated[str | None, typer.Option(help="To the end of this date.")] = None,
    by: Annotated[Axis, typer.Option(help="Which time --since and --until mean.")] = "effective",
    form: Form = "jsonl",
    as_json: AsJson = False,
    output: Out = None,
) -> None:
    """What changed: one row per change with its three times, in the order it was told."""
    from events.vocabulary import CHANGE_KINDS

    for one in kind or ():
        if one not in CHANGE_KINDS:
            raise Refused.field("--kind", f"unknown {one!r}; one of {', '.join(CHANGE_KINDS)}")
    kinds = frozenset(kind or CHANGE_KINDS[:3])
    bounds = (_bound(since, "--since", start), _bound(until, "--until", last))
    form = "jsonl" if as_json else form
    run(_changes(company, frozenset(lists or ()), kinds, bounds, by, form, output))


def _bound(text: str | None, field: str, read: Any) -> Instant | None:
    try:
        return None if text is None else int(read(text, UTC_ZONE))
    except BadDate as error:
        raise Refused.field(field, str(error)) from None


async def _changes(
    company: str | None,
    lists: frozenset[str],
    kinds: frozenset[str],
    bounds: tuple[Instant | None, Instant | None],
    by: Axis,
    form: Format,
    output: Out,
) -> None:
    with using() as standing:
        for list_id in lists:
            standing.registry.require(list_id, "--list")
        if company is not None:
            company = standing.reader.known(standing.reader.resolve(company)).company

        def wanted(change: Change) -> bool:
            return (
                change.kind in kinds
                and (not lists or change.list in lists)
                and _within(getattr(change, by), *bounds)
            )

        async with standing.caught_up() as store:
            changes_told = (one.told.change for one in store.told(company))
            rows = (shown(one, standing.registry) for one in changes_told if wanted(one))
            write_out(encoded(rows, CHANGES, form), output)


def _within(at: Instant | None, since: Instant | None, until: Instant | None) -> bool:
    if since is None and until is None:
        return True
    return at is not None and (since is None or since <= at) and (until is None or at <= until)
