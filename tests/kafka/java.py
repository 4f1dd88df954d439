"""How a broker of the tests is run that `standing kafka start` does not run."""

from service.broker.jars import fetched
from service.broker.java import find_java

_SMALL = ("-Xms96m", "-Xmx512m", "-XX:+UseSerialGC")
_QUICK = ("-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
"""None lives so long that it were worth while to compile it well."""


def java() -> list[str]:
    """Up to the name of the class."""
    return [str(find_java().path), *_SMALL, *_QUICK, "-cp", f"{fetched()}/*"]
