"""`make lock-kafka`: resolve what `jars.toml` names as roots, and lock each jar by its hash."""

import hashlib
import tempfile
import tomllib
from pathlib import Path

from service.broker.jars import maven

_FILE = Path(__file__).with_name("jars.toml")


def main() -> None:
    """Write the file anew. Its roots and its comments stay."""
    before = _FILE.read_text()
    roots = tomllib.loads(before)["roots"]
    with tempfile.TemporaryDirectory() as folder:
        context = maven(Path(folder))
        asked = [context.create_dependency(root) for root in roots]
        inputs, others = context.resolver.resolve(asked)
        wanted = [one for one in (*inputs, *others) if one.scope in (None, "compile", "runtime")]
        lines = {
            f'"{one.groupId}:{one.artifactId}:{one.version}" = '
            f'"{hashlib.sha256(Path(one.artifact.resolve()).read_bytes()).hexdigest()}"'
            for one in wanted
        }
    head, mark, _ = before.partition("[sha256]\n")
    _FILE.write_text(f"{head}{mark}" + "".join(f"{line}\n" for line in sorted(lines)))


if __name__ == "__main__":
    main()
