"""What all tests share: how hard Hypothesis tries, and the lists that ship."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from events.lists import Registry, load_registry

pytest.register_assert_rewrite(
    "tests.contract.event_log_suite", "tests.contract.event_log_suite_together", "tests.unit.making"
)

# Without `explain`: it runs a failing example many times over, and these examples are not cheap.
settings.register_profile(
    "standing",
    max_examples=int(os.environ.get("STANDING_EXAMPLES", "100")),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile("standing")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped lists."""
    return load_registry()
