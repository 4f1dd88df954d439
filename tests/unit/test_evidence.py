"""Files that were read are kept by what is in them."""

import hashlib
import json
from pathlib import Path

from service.evidence import Evidence, digest


def test_a_file_is_kept_once_under_its_digest(tmp_path: Path) -> None:
    """It comes back byte for byte, and what was known of it first stays."""
    path = tmp_path / "SDN.CSV"
    content = bytes(range(256)) * 9_000
    path.write_bytes(content)
    sha256 = digest(path)
    assert sha256 == hashlib.sha256(content).hexdigest()
    evidence = Evidence(tmp_path / "evidence")
    evidence.keep(path, sha256, source="ofac-sdn-csv", taken="2021-08-18")
    evidence.keep(path, sha256, source="another", taken="2022-01-01")
    assert evidence.read(sha256) == content
    kept = evidence.place(sha256)
    assert kept.stat().st_size < len(content) // 100
    assert json.loads(kept.with_suffix(".json").read_text()) == {
        "name": "SDN.CSV",
        "bytes": len(content),
        "source": "ofac-sdn-csv",
        "taken": "2021-08-18",
    }
    assert sorted(one.suffix for one in kept.parent.iterdir()) == [".json", ".zst"]
