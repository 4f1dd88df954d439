"""One measurement in a process of its own: `python -m tests.bench.worker MODULE:FUNCTION FOLDER
OPTIONS` prints what the function measured as JSON.

Imports only what it must: processes that standing itself starts import this again.
"""

import sys

if __name__ == "__main__":
    import json
    from importlib import import_module
    from pathlib import Path

    from tests.bench.harness import peak_mib

    name, folder, options = sys.argv[1:]
    module, _, function = name.partition(":")
    figures = getattr(import_module(module), function)(Path(folder), json.loads(options))
    print(json.dumps({**figures, "peak": peak_mib()}))
