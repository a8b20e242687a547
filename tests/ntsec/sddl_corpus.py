"""The corpora of SDDL, read for the comparisons with Windows, Wine and Samba."""
import os
import struct
import subprocess
import sys


def skip(why):
    print("skipped:", why)
    sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else 77)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                yield line


def cases(data):
    """Text, and what Windows prints; None where it refuses, "?" unknown."""
    for line in lines_of(f"{data}/canonical.txt"):
        yield line, line
    for line in lines_of(f"{data}/non_canonical.txt"):
        yield tuple(line.rsplit(" -> ", 1))
    for line in lines_of(f"{data}/must_fail.txt"):
        yield line.rsplit(" -> ", 1)[0], None
    for line in lines_of(f"{data}/windows_only.txt"):
        text, theirs, _ = line.rsplit(" -> ", 2)
        yield text, None if theirs == "!" else theirs


def ask_ours(driver, texts):
    return subprocess.run([driver, "parse"], text=True, check=True,
                          input="".join(text + "\n" for text in texts),
                          stdout=subprocess.PIPE).stdout.splitlines()


def parts(data):
    """Control, owner, group, SACL, DACL of self-relative bytes."""
    found = [struct.unpack_from("<H", data, 2)[0]]
    for index, offset in enumerate(struct.unpack_from("<IIII", data, 4)):
        size = 0
        if offset != 0 and index < 2:
            size = 8 + 4 * data[offset + 1]
        elif offset != 0:
            size = struct.unpack_from("<H", data, offset + 2)[0]
        found.append(data[offset:offset + size])
    return found


class Masks:
    """Deviations that are known, a text a line; each must still be one."""

    def __init__(self, path=None):
        self.texts = set(lines_of(path)) if path else set()
        self.wrong = 0

    def judge(self, text, deviation):
        if text in self.texts:
            self.texts.discard(text)
            if deviation is None:
                print(f"masked, and does not deviate: {text}")
                self.wrong += 1
        elif deviation is not None:
            print(f"'{text}' {deviation}")
            self.wrong += 1

    def failed(self):
        for text in self.texts:
            print(f"masked, and in no corpus: {text}")
        return self.wrong > 0 or len(self.texts) > 0
