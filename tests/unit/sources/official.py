"""Real files of official sources, unpacked for tests."""

import io
import tarfile
from pathlib import Path

import cramjam

DATA = Path(__file__).parents[2] / "data"


def sdn_snapshots(folder: Path) -> list[Path]:
    """The 60 snapshots of SDN.CSV, in their order."""
    packed = (DATA / "ofac_sdn_daily" / "sdn_first_60_snapshots.tar.zst").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(bytes(cramjam.zstd.decompress(packed)))) as tar:
        tar.extractall(folder, filter="data")
    return sorted(folder.glob("sdn_*.csv"))
