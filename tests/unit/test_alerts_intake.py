"""What was read ahead is told to whoever is there when it is looked at."""

from pathlib import Path

from alerts.desk import AlertDesk
from alerts.intake import Intake
from alerts.store import AlertStore
from events.lists import load_registry
from tests.contract.alert_twins import OK, ManualClock, MemoryChannel, MemorySource, asked


async def test_who_comes_to_the_cursor_is_told_of_what_was_read_ahead(tmp_path: Path) -> None:
    registry, clock, source = load_registry(), ManualClock(), MemorySource()
    store = AlertStore(tmp_path / "alerts.db")
    desk = AlertDesk(store, source, registry, {"webhook": MemoryChannel(lambda _: OK)}, clock)
    intake = Intake(store, source, registry, clock)
    first, _ = await desk.subscribe(asked())
    await intake.step()
    await source.tell("a")
    await intake.step()
    second, _ = await desk.subscribe(asked())
    await source.tell("b", "c")
    await intake.step()
    third, _ = await desk.subscribe(asked())
    await source.tell("d")
    await intake.step()
    pending = [store.outbox.pending(one.id, 9) for one in (first, second, third)]
    assert (pending, intake.lagging) == ([4, 3, 1], False)
    store.close()


async def test_after_all_have_gone_it_goes_on_for_who_comes_next(tmp_path: Path) -> None:
    registry, clock, source = load_registry(), ManualClock(), MemorySource()
    store = AlertStore(tmp_path / "alerts.db")
    desk = AlertDesk(store, source, registry, {"webhook": MemoryChannel(lambda _: OK)}, clock)
    intake = Intake(store, source, registry, clock)
    first, _ = await desk.subscribe(asked())
    await source.tell("a")
    await intake.step()
    await desk.unsubscribe(first.id)
    await source.tell("b")
    await intake.step()
    assert store.cursor == source.head()
    second, _ = await desk.subscribe(asked())
    await source.tell("c")
    await intake.step()
    assert store.outbox.pending(second.id, 9) == 1
    store.close()
