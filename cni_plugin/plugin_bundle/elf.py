"""The parts of ELF64 that are needed to copy an interpreter (System V gABI, chapters 4 and 5)."""

import struct
from pathlib import Path

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_RPATH, DT_RUNPATH = 15, 29
FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
DYNAMIC_ENTRY = struct.Struct("<qQ")


class Elf:
    """One ELF64 little-endian file, held in memory."""

    def __init__(self, path: Path) -> None:
        self.content = bytearray(path.read_bytes())
        if self.content[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is not a 64-bit little-endian ELF file")
        self.header = list(FILE_HEADER.unpack_from(self.content))
        start, size, count = self.header[5], self.header[9], self.header[10]
        self.segments = [
            PROGRAM_HEADER.unpack_from(self.content, start + index * size) for index in range(count)
        ]

    def segment(self, kind: int) -> tuple[int, int] | None:
        """Return file offset and length of the first segment of this kind."""
        for segment in self.segments:
            if segment[0] == kind:
                return segment[2], segment[5]
        return None

    def loader(self) -> str:
        """Return the path of the dynamic loader; empty if the file is static or a library."""
        place = self.segment(PT_INTERP)
        if place is None:
            return ""
        return self.content[place[0] : sum(place)].rstrip(b"\0").decode()

    def without_library_paths(self) -> None:
        """Clear RPATH and RUNPATH, which the loader prefers to --library-path.

        Offset 0 of a string table is the empty string, which loaders take for "none".
        """
        place = self.segment(PT_DYNAMIC)
        for at in range(place[0], sum(place), DYNAMIC_ENTRY.size) if place else ():
            tag, _ = DYNAMIC_ENTRY.unpack_from(self.content, at)
            if tag in (DT_RPATH, DT_RUNPATH):
                DYNAMIC_ENTRY.pack_into(self.content, at, tag, 0)

    def without_symbols(self) -> None:
        """Remove what is never loaded: debugging data, full symbols, section headers."""
        end = max(segment[2] + segment[5] for segment in self.segments)
        del self.content[end:]
        self.header[6] = self.header[12] = self.header[13] = 0
        FILE_HEADER.pack_into(self.content, 0, *self.header)
