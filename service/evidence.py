"""The files that were read, kept as evidence by what is in them, so that an event can be held
against the very bytes that it came from."""

import hashlib
import os
from pathlib import Path
from typing import Final

import cramjam
import orjson

_PIECE: Final = 1 << 20


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Evidence:
    """A folder of files, each under its own SHA-256, compressed with Zstandard, and beside each
    what is known of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, sha256: str) -> Path:
        """Where the file with that digest is, or would be."""
        return self._folder / sha256[:2] / f"{sha256}.zst"

    def keep(self, path: Path, sha256: str, **known: str | None) -> None:
        """Keep a file, and what is known of it where it was not kept yet: a power cut leaves the
        whole file or none."""
        place = self.place(sha256)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            with path.open("rb") as file, beside.open("wb") as kept:
                packer = cramjam.zstd.Compressor(level=3)
                while piece := file.read(_PIECE):
                    packer.compress(piece)
                    kept.write(bytes(packer.flush()))
                kept.write(bytes(packer.finish()))
                kept.flush()
                os.fsync(kept.fileno())
            about = {"name": path.name, "bytes": path.stat().st_size, **known}
            place.with_suffix(".json").write_bytes(orjson.dumps(about))
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)

    def read(self, sha256: str) -> bytes:
        """A kept file, as it was."""
        return bytes(cramjam.zstd.decompress(self.place(sha256).read_bytes()))
