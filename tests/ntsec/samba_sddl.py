#!/usr/bin/python3
"""SDDL against Samba, both ways, on random descriptors.

samba_sddl.py DRIVER COUNT SEED: our text through Samba's from_sddl must give
the bytes; Samba's as_sddl of the bytes must parse, by us, to them again.
samba_sddl.py DRIVER corpus DATA: the texts of the corpora, those on which both
agree the other way, too. What from_sddl does otherwise is in DATA/samba.txt, line by line with the reason.

Deviations of Samba 4.17, each masked here and nowhere else:
- "FA" among rights becomes 0x1ff, without the standard rights and SYNCHRONIZE;
- "KA", "KR", "KW", "KX" do not parse;
- the flags of an empty DACL are not told from a "S:" that follows: the
  sections are parsed one by one;
- NO_ACCESS_CONTROL does not parse, and a NULL list is printed as no list;
- lists always have revision 4 (the driver sets it in the bytes it sends);
- bytes are laid out owner, group, SACL, DACL (the driver lays them out so).
Texts are never compared: Samba has letters in an order of its own.
"""
import re
import struct
import subprocess
import sys

sys.dont_write_bytecode = True  # nothing is left beside the source
from sddl_corpus import Masks, ask_ours, cases, parts, skip

try:
    from samba.dcerpc import security
    from samba.ndr import ndr_pack, ndr_unpack
except ImportError:
    skip("no Samba binding for Python")

DOMAIN = security.dom_sid("S-1-5-21-1004336348-1177238915-682003330")
NAMED = {"FA": "0x1f01ff", "KA": "0xf003f", "KR": "0x20019", "KW": "0x20006",
         "KX": "0x20019"}
RIGHTS = re.compile(r"(\([A-Z]+;[A-Z]*;)(FA|KA|KR|KW|KX)(?=;)")


EMPTY = re.compile(r"(.*D:[PAIR]+)(S:.*)")


def samba_parse(text):
    text = RIGHTS.sub(lambda m: m.group(1) + NAMED[m.group(2)], text)
    halves = EMPTY.fullmatch(text)
    try:
        if halves is None:
            return security.descriptor.from_sddl(text, DOMAIN)
        sd = security.descriptor.from_sddl(halves.group(1), DOMAIN)
        other = security.descriptor.from_sddl(halves.group(2), DOMAIN)
        sd.sacl = other.sacl
        sd.type |= other.type
        return sd
    except TypeError:
        return None


def blocks(stream):
    while True:
        head = stream.read(4)
        if not head:
            return
        yield stream.read(struct.unpack("<I", head)[0])


def random_descriptors(driver, count, seed):
    source = subprocess.Popen([driver, "random", count, seed],
                              stdout=subprocess.PIPE, bufsize=1 << 20)
    back = subprocess.Popen([driver, "same", count, seed],
                            stdin=subprocess.PIPE)
    lines = []
    checked = null = wrong = 0
    stream = blocks(source.stdout)
    for text, data in zip(stream, stream):
        text = text.decode()
        checked += 1
        if text.endswith("NO_ACCESS_CONTROL") or "NO_ACCESS_CONTROLS:" in text:
            null += 1
            lines.append("-\n")
        else:
            sd = samba_parse(text)
            if sd is None or ndr_pack(sd) != data:
                wrong += 1
                print("Samba differs:", text, data.hex(),
                      ndr_pack(sd).hex() if sd else "does not parse")
            sd = ndr_unpack(security.descriptor, data)
            lines.append(sd.as_sddl(DOMAIN) + "\n")
        if len(lines) == 1000:
            back.stdin.write("".join(lines).encode())
            lines = []
    back.stdin.write("".join(lines).encode())
    back.stdin.close()
    failed = source.wait() != 0 or back.wait() != 0 or wrong > 0
    print(f"{checked} descriptors, {wrong} differ, {null} with NULL lists not "
          "compared")
    return failed or checked != int(count)


def without_revision(data):
    found = parts(data)
    return found[:3] + [acl[1:] for acl in found[3:]]


def deviation(text, ours):
    try:
        data = ndr_pack(security.descriptor.from_sddl(text, DOMAIN))
    except TypeError:
        return "is refused" if ours.startswith("ok ") else None
    if not ours.startswith("ok "):
        return f"is taken: {data.hex()}"
    own = bytes.fromhex(ours.split(" ")[1])
    if without_revision(own) != without_revision(data):
        return f"has other bytes: {data.hex()}"
    return None


def printed_again(ours):
    """Samba's print of bytes of ours; None where it cannot read them."""
    if not ours.startswith("ok "):
        return None
    try:
        sd = ndr_unpack(security.descriptor, bytes.fromhex(ours.split(" ")[1]))
        return sd.as_sddl(DOMAIN)
    except (RuntimeError, TypeError):
        return None


def corpora(driver, data):
    texts = [text for text, _ in cases(data)]
    masks = Masks(f"{data}/samba.txt")
    answers = ask_ours(driver, texts)
    back = []
    for text, ours in zip(texts, answers):
        found = deviation(text, ours)
        masks.judge(text, found)
        if found is None and ours.startswith("ok "):
            back.append((text, ours, printed_again(ours)))
    wrong = 0
    again = ask_ours(driver, [str(printed) for _, _, printed in back])
    for (text, ours, printed), theirs in zip(back, again):
        if not theirs.startswith("ok ") or theirs.split()[1] != ours.split()[1]:
            print(f"'{text}' is printed by Samba as {printed}: {theirs}")
            wrong += 1
    print(f"{len(texts)} texts, {len(back)} both ways")
    return masks.failed() or wrong > 0


if __name__ == "__main__":
    if sys.argv[2] == "corpus":
        sys.exit(corpora(sys.argv[1], sys.argv[3]))
    sys.exit(random_descriptors(*sys.argv[1:4]))
