"""One company's status under all three cut-offs, asked in process."""

from pathlib import Path
from random import Random
from time import perf_counter_ns

from events.dates import DAY, show
from projections.reader import Question
from tests.bench.generate import DAYS, even
from tests.bench.harness import Bench, Contender, Figures, Options, ratio, spread
from tests.bench.logs import BEGAN, at, fill


def standing(folder: Path, options: Options) -> Figures:
    """`Reader.status`, with cut-offs drawn anew for every question, of companies that were asked
    for before."""
    told = even(options["length"])
    fill(folder, told, len(told), batch=10)
    there = at(folder)
    end = there.log.end()
    companies = sorted({one["subject"] for one in told})[: options["companies"]]
    random = Random(7)
    asked = [
        (random.choice(companies), _question(random, end, options["cuts"]))
        for _ in range(options["questions"])
    ]
    for company in companies:
        there.reader.status(company)
    taken = []
    for company, question in asked:
        before = perf_counter_ns()
        there.reader.status(company, question)
        taken.append(perf_counter_ns() - before)
    there.close()
    return spread(taken)


def _question(random: Random, end: int, cuts: bool) -> Question:
    if not cuts:
        return Question()
    # not before the first eighth, by when every company had been heard of
    days = [show(BEGAN + random.randrange(DAYS // 8, DAYS) * DAY) for _ in range(3)]
    position = f"0:{random.randrange(end // 8, end)}"
    known_at = random.choice((days[2], position))
    return Question(as_of=days[0], announced_by=days[1], known_at=known_at)


def measure(bench: Bench) -> None:
    """One company and many, with cut-offs and without."""
    common: Options = {"questions": bench.args.questions, "length": bench.args.length}
    base = Contender("eventsourcing, at a version", "tests.bench.peer:at_a_version", common)
    found = [
        Contender(
            f"standing, {about}",
            "tests.bench.status:standing",
            {**common, "cuts": cuts, "companies": companies},
        )
        for about, cuts, companies in (
            ("all three cut-offs, one company", True, 1),
            ("all three cut-offs, 100 companies", True, 100),
            ("no cut-off, 100 companies", False, 100),
        )
    ]
    bench.interleave([base, *found])
    print(f"\nstatus in process, {common['length']} events per company")
    print("  target: p50 < 50 us")
    print(f"  {'':46}{'p50 us':>10}{'p99 us':>10}{'ratio':>9}{'peak MiB':>10}")
    for one in (base, *found):
        print(
            f"  {one.name:46}{one.of('p50'):>10.1f}{one.of('p99'):>10.1f}"
            f"{ratio(base, one, 'p50'):>8.2f}x{one.of('peak'):>10,.0f}"
        )


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.status", __doc__)
    bench.option("questions", 10_000, "questions per round")
    bench.option("length", 20, "events per company")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
