"""Everybody's status at one moment, into a Parquet file, against asking one by one."""

from pathlib import Path

import pyarrow.parquet as pq

from projections.reader import Question
from projections.replay import replay
from service.formats import REPLAY, encoded
from tests.bench.generate import company_id
from tests.bench.harness import Bench, Contender, Figures, Options, Stopwatch, rate, table
from tests.bench.logs import at, home_of

_AS_OF = "2023-06-30"
_MOST_ASKED = 20_000
_MOST_CUT = 100_000
"""Companies: with a cut on knowledge more of them take as much longer, and no other ratio."""


def to_parquet(folder: Path, options: Options) -> Figures:
    """`replay` to a file."""
    standing = at(home_of(Path(options["data"]), options["events"]))
    store = standing.store()
    path = folder / "status.parquet"
    with Stopwatch() as watch:
        rows = replay(store, standing.reader, Question(*options["question"]), _AS_OF)
        with path.open("wb") as file:
            file.writelines(encoded(rows, REPLAY, "parquet"))
    written = pq.read_metadata(path).num_rows
    assert written <= options["companies"]
    assert options["question"] or written == options["companies"]
    store.close()
    standing.close()
    return rate(options["companies"], watch)


def one_by_one(folder: Path, options: Options) -> Figures:
    """`Reader.status` of each company, none of which was asked for before."""
    standing = at(home_of(Path(options["data"]), options["events"]))
    question = Question(as_of=_AS_OF)
    every = max(1, options["companies"] // _MOST_ASKED)
    asked = [company_id(number) for number in range(0, options["companies"], every)]
    with Stopwatch() as watch:
        for company in asked:
            standing.reader.status(company, question)
    standing.close()
    return rate(len(asked), watch)


def measure(bench: Bench) -> None:
    """Without and with a cut on knowledge."""
    companies = bench.args.companies
    common: Options = {"companies": companies, "events": 3 * companies}
    cut = {**common, "question": [[], None, "2023-01-31", "2023-03-31"]}
    found = [
        Contender("standing, status one by one, cold", "tests.bench.replay:one_by_one", common),
        Contender(
            "standing, replay to Parquet",
            "tests.bench.replay:to_parquet",
            {**common, "question": []},
        ),
    ]
    if companies <= _MOST_CUT:
        folded = "tests.bench.replay:to_parquet"
        found.append(Contender("standing, replay with all cut-offs", folded, cut))
    with bench.folder() as folder:
        data = Path(folder)
        bench.prepare("tests.bench.logs:build_projected", data, **common)
        bench.interleave(found, data)
    print(f"\nreplay of {companies:,} companies as of {_AS_OF}")
    table(found, found[0], "companies", ">= 10x asking one by one")


def main(argv: list[str] | None = None) -> None:
    """The command."""
    bench = Bench("tests.bench.replay", __doc__)
    bench.option("companies", 20_000, "companies")
    bench.main(measure, argv)


if __name__ == "__main__":
    main()
