#!/usr/bin/python3
"""Children's descriptors: ours against the two that Samba can make.

Usage: samba_inherit.py DRIVER

Samba has two functions for it, both plain C in a library that the Python
binding loads, and called here through ctypes:

file    se_create_child_secdesc: for files and directories; its rules come from
        a test that Samba runs against Windows. DACL only, maps no generic
        rights, no creator's descriptor, no object entries.
object  create_security_descriptor: for objects of a directory service. All
        that 2.5.3.4 of MS-DTYP has, but each object is a container.

So leaves are compared by the first, everything else by both. The second
inherits nothing without the auto-inherit flags, and takes an entry for a type
of object as one for objects without a type, too: it gets both flags and a type.
What else it does differently is masked where it is compared, one by one. What is not
compared by either: a leaf's generic rights, a leaf with a creator's list, the
default DACL, and the types of entry that Samba cannot read. test_inherit.c has
examples for those.

SBK_CAMPAIGN=1 makes 50 times as many random cases.
"""
import ctypes
import itertools
import os
import random
import struct
import subprocess
import sys

LIBRARY = "libsamba-security-samba4.so.0"
FOLDERS = ("/usr/lib/x86_64-linux-gnu/samba", "/usr/lib/aarch64-linux-gnu/samba",
           "/usr/lib/samba", "/usr/lib64/samba")
OI, CI, NP, IO, ID = 1, 2, 4, 8, 16
ALLOW, DENY, AUDIT, ALLOW_OBJECT, DENY_OBJECT = 0, 1, 2, 5, 6
AUTO_DACL, AUTO_SACL, DEFAULT_IF_OBJECT = 1, 2, 4
DACL_PRESENT, SACL_PRESENT, DACL_AI, SACL_AI = 0x4, 0x10, 0x400, 0x800
DACL_P, SACL_P, SELF_RELATIVE = 0x1000, 0x2000, 0x8000
# Of a directory service's objects (MS-ADTS 5.1.3.2): read, write, execute, all.
# The library does not ask its caller for it in every place.
MAPPING = (0x20094, 0x20028, 0x20004, 0xF01FF)
TYPE_ONE = bytes(range(1, 17))
TYPE_TWO = bytes(range(101, 117))
TYPE_THREE = bytes(range(201, 217))


def sid(authority, *subs):
    return (struct.pack(">BBHI", 1, len(subs), 0, authority) +
            b"".join(struct.pack("<I", sub) for sub in subs))


OWNER = sid(5, 21, 1, 2, 3, 1000)
GROUP = sid(5, 21, 1, 2, 3, 513)
CREATOR_OWNER, CREATOR_GROUP = sid(3, 0), sid(3, 1)
SIDS = (sid(1, 0), sid(5, 32, 544), CREATOR_OWNER, CREATOR_GROUP, OWNER)
PLAIN_MASKS = (0x1F01FF, 0x120089, 0x2, 0x10000)
GENERIC_MASKS = (0x10000000, 0x80000000, 0x40000001, 0xA0000000)


def ace(kind, flags, mask, who, object_type=None, inherited_type=None):
    body = struct.pack("<I", mask)
    if kind in (ALLOW_OBJECT, DENY_OBJECT):
        body += struct.pack("<I", (object_type is not None) |
                            (inherited_type is not None) << 1)
        body += (object_type or b"") + (inherited_type or b"")
    body += who
    return struct.pack("<BBH", kind, flags, 4 + len(body)) + body


def acl(aces):
    body = b"".join(aces)
    revision = 4 if any(a[0] in (ALLOW_OBJECT, DENY_OBJECT) for a in aces) else 2
    return struct.pack("<BBHHH", revision, 0, 8 + len(body), len(aces), 0) + body


def descriptor(control, dacl=None, sacl=None, owner=OWNER, group=GROUP):
    parts = []
    offsets = []
    at = 20
    for part in (owner, group, sacl, dacl):
        offsets.append(at if part is not None else 0)
        if part is not None:
            parts.append(part)
            at += len(part)
    if dacl is not None:
        control |= DACL_PRESENT
    if sacl is not None:
        control |= SACL_PRESENT
    return (struct.pack("<BBHIIII", 1, 0, control | SELF_RELATIVE, *offsets) +
            b"".join(parts))


def read_acl(data, at):
    if at == 0:
        return None
    _, _, _, count, _ = struct.unpack_from("<BBHHH", data, at)
    at += 8
    aces = []
    for _ in range(count):
        size = struct.unpack_from("<H", data, at + 2)[0]
        aces.append(data[at:at + size])
        at += size
    return aces


def read_sid(data, at):
    return data[at:at + 8 + 4 * data[at + 1]] if at else None


def read(data):
    _, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
    return {"control": control, "owner": read_sid(data, owner),
            "group": read_sid(data, group), "sacl": read_acl(data, sacl),
            "dacl": read_acl(data, dacl)}


class Samba:
    """The library's two functions, on bytes."""

    def __init__(self):
        path = next((f"{f}/{LIBRARY}" for f in FOLDERS
                     if os.path.exists(f"{f}/{LIBRARY}")), None)
        if path is None:
            raise OSError(f"{LIBRARY} is not installed (python3-samba)")
        from samba import security  # its binding loads what the library needs
        assert security
        self.lib = ctypes.CDLL(path)
        pointer, number = ctypes.c_void_p, ctypes.c_uint32
        self.talloc = ctypes.CDLL("libtalloc.so.2")
        self.talloc.talloc_named_const.restype = pointer
        self.talloc.talloc_named_const.argtypes = [pointer, ctypes.c_size_t,
                                                   ctypes.c_char_p]
        self.talloc._talloc_free.argtypes = [pointer, ctypes.c_char_p]
        self.map_type = ctypes.CFUNCTYPE(number, number)
        self.map = self.map_type(map_generic)
        self.lib.se_create_child_secdesc.argtypes = [pointer] * 6 + [ctypes.c_bool]
        self.lib.create_security_descriptor.restype = pointer
        self.lib.create_security_descriptor.argtypes = [
            pointer, pointer, pointer, ctypes.c_bool, pointer, number, pointer,
            pointer, pointer, self.map_type]
        self.lib.unmarshall_sec_desc.argtypes = [pointer, ctypes.c_char_p,
                                                 ctypes.c_size_t, pointer]
        self.lib.marshall_sec_desc.argtypes = [pointer] * 4
        self.owner = ctypes.create_string_buffer(OWNER, 68)
        self.group = ctypes.create_string_buffer(GROUP, 68)

    def load(self, memory, data):
        if data is None:
            return None
        out = ctypes.c_void_p()
        status = self.lib.unmarshall_sec_desc(memory, data, len(data),
                                              ctypes.addressof(out))
        assert status == 0, hex(status)
        return out.value

    def store(self, memory, structure):
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        status = self.lib.marshall_sec_desc(memory, structure,
                                            ctypes.addressof(data),
                                            ctypes.addressof(size))
        assert status == 0, hex(status)
        return ctypes.string_at(data, size.value)

    def file(self, case):
        memory = self.talloc.talloc_named_const(None, 0, b"case")
        out, size = ctypes.c_void_p(), ctypes.c_size_t()
        status = self.lib.se_create_child_secdesc(
            memory, ctypes.addressof(out), ctypes.addressof(size),
            self.load(memory, case["parent"]), ctypes.addressof(self.owner),
            ctypes.addressof(self.group), case["container"])
        assert status == 0, hex(status)
        data = self.store(memory, out)
        self.talloc._talloc_free(memory, b"case")
        return read(data)

    def object(self, case):
        memory = self.talloc.talloc_named_const(None, 0, b"case")
        types = case["type"]
        types = (ctypes.create_string_buffer(types + bytes(16), 32)
                 if types else None)
        out = self.lib.create_security_descriptor(
            memory, self.load(memory, case["parent"]),
            self.load(memory, case["creator"]), case["container"],
            ctypes.addressof(types) if types else None, case["flags"], None,
            ctypes.addressof(self.owner), ctypes.addressof(self.group), self.map)
        data = self.store(memory, out)
        self.talloc._talloc_free(memory, b"case")
        return read(data)


def map_generic(mask):
    for place, rights in enumerate(MAPPING):
        bit = 0x80000000 >> place
        if mask & bit:
            mask = mask & ~bit | rights
    return mask


def ours(driver, cases):
    def part(data):
        return struct.pack("<I", len(data or b"")) + (data or b"")
    given = b"".join(
        struct.pack("<II", case["flags"], case["container"]) +
        struct.pack("<IIII", *MAPPING) +
        part(case["parent"]) + part(case["creator"]) + part(OWNER) +
        part(GROUP) + part(case["type"]) + part(None) for case in cases)
    run = subprocess.run([driver], input=given, stdout=subprocess.PIPE,
                         check=True)
    at = 0
    for _ in cases:
        size = struct.unpack_from("<I", run.stdout, at)[0]
        yield read(run.stdout[at + 4:at + 4 + size])
        at += 4 + size


def case(parent, container, flags, creator=None, object_type=None):
    return {"parent": parent, "container": container, "flags": flags,
            "creator": creator, "type": object_type}


def file_cases(count):
    """Each single entry, and random lists; without generic rights."""
    for kind, flags, mask, who, container, auto in itertools.product(
            (ALLOW, DENY), range(32), PLAIN_MASKS[:2], SIDS, (False, True),
            (0, DACL_AI)):
        parent = descriptor(auto, acl([ace(kind, flags, mask, who)]))
        yield case(parent, container, AUTO_DACL if auto else 0)
    for _ in range(count):
        aces = [ace(random.choice((ALLOW, DENY)), random.randrange(32),
                    random.choice(PLAIN_MASKS), random.choice(SIDS))
                for _ in range(random.randrange(12))]
        auto = random.choice((0, DACL_AI))
        yield case(descriptor(auto, acl(aces)), random.random() < .5,
                   AUTO_DACL if auto else 0)


def is_kept(flags, mask, who):
    """Entries of a creator that Samba edits and we keep as they were written:
    it drops inherit-only ones that nothing inherits, no-propagate flags that
    say nothing, and the inheritable original of a generic entry that only
    leaves inherit (2.5.3.4.5 keeps it)."""
    if flags & (OI | CI | IO) == IO:
        return False
    generic = mask & 0xF0000000 or who in (CREATOR_OWNER, CREATOR_GROUP)
    return not generic or (flags & (OI | CI | IO) != OI and
                           flags & (OI | CI | NP) != NP)


def random_ace(kinds, masks, is_given):
    kind, mask = random.choice(kinds), random.choice(masks)
    who, flags = random.choice(SIDS), random.randrange(32)
    types = (None, TYPE_ONE, TYPE_TWO)
    while is_given and not is_kept(flags, mask, who):
        flags = random.randrange(32)
    if kind == AUDIT:
        flags |= random.choice((0x40, 0x80, 0xC0))
    return ace(kind, flags, mask, who, random.choice(types),
               random.choice(types))


def object_cases(count):
    """Each single entry, and random lists with a creator's and a SACL."""
    masks = PLAIN_MASKS + GENERIC_MASKS
    for kind, flags, mask, who in itertools.product((ALLOW, DENY), range(32),
                                                    masks, SIDS):
        yield case(descriptor(0, acl([ace(kind, flags, mask, who)])), True,
                   AUTO_DACL)
        if is_kept(flags, mask, who):
            yield case(descriptor(0, acl([])), True, AUTO_DACL,
                       descriptor(0, acl([ace(kind, flags, mask, who)])))
    kinds = (ALLOW, DENY, ALLOW_OBJECT, DENY_OBJECT)
    for _ in range(count):
        def dacl(is_given=False):
            return acl([random_ace(kinds, masks, is_given)
                        for _ in range(random.randrange(6))])

        def sacl(is_given=False):
            return acl([random_ace((AUDIT,), masks, is_given)
                        for _ in range(random.randrange(4))])
        control = random.choice((0, 0, DACL_P, SACL_P, DACL_P | SACL_P))
        creator = (descriptor(control, dacl(True),
                              random.choice((sacl(True), None)))
                   if random.random() < .6 else None)
        yield case(descriptor(0, dacl(), random.choice((sacl(), None))), True,
                   AUTO_DACL | AUTO_SACL, creator,
                   random.choice((TYPE_ONE, TYPE_THREE)))


def show(side):
    def entry(a):
        return f"({a[0]},{a[1]:02x},{a[4:].hex()})"
    return "; ".join(
        f"{key}={[entry(a) for a in value] if isinstance(value, list) else value if isinstance(value, int) else value and value.hex()}"
        for key, value in side.items())


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: samba_inherit.py DRIVER")
    try:
        samba = Samba()
    except (ImportError, OSError) as problem:
        print(f"skipped: {problem}")
        sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else 77)
    random.seed(4)
    times = 50 if os.environ.get("SBK_CAMPAIGN") == "1" else 1
    failed = 0
    for name, cases, oracle, prepare in (
            ("file", list(file_cases(10000 * times)), samba.file, file_view),
            ("object", list(object_cases(10000 * times)), samba.object,
             object_view)):
        compared = 0
        for one, mine in zip(cases, ours(sys.argv[1], cases)):
            theirs = oracle(one)
            mine, theirs = prepare(one, mine, theirs)
            compared += 1
            if mine == theirs:
                continue
            failed += 1
            if failed <= 6:
                print(f"{name}: flags {one['flags']} container "
                      f"{one['container']} type {one['type']}")
                print("  parent ", show(read(one["parent"])))
                if one["creator"]:
                    print("  creator", show(read(one["creator"])))
                print("  ours   ", show(mine))
                print("  Samba's", show(theirs))
        print(f"{name}: {compared} descriptors compared, {failed} differ so far")
    sys.exit(1 if failed else 0)


def file_view(one, mine, theirs):
    # Samba drops an entry that equals an earlier one of the same list.
    return ({"dacl": list(dict.fromkeys(mine["dacl"] or [])), "owner": mine["owner"]},
            {"dacl": theirs["dacl"] or [], "owner": theirs["owner"]})


def object_view(one, mine, theirs):
    # Samba marks owner and group as defaulted; these bits are not stored.
    theirs["control"] &= ~3
    # It takes the success and failure flags off an audit entry that it maps.
    for side in (mine, theirs):
        side["sacl"] = side["sacl"] and [
            entry[:1] + bytes((entry[1] & 0x3F,)) + entry[2:]
            for entry in side["sacl"]]
    # It sets the auto-inherited bits only where an entry was inherited, 2.5.3.4
    # also where the parent's are for children of the other kind.
    for bit, key in ((DACL_AI, "dacl"), (SACL_AI, "sacl")):
        if not any(entry[1] & ID for entry in theirs[key] or []):
            mine["control"] &= ~bit
            theirs["control"] &= ~bit
    # Of a creator's generic entry it puts the original before the effective
    # one; 2.5.3.4.5 puts it behind.
    for side in (mine, theirs):
        for key in ("dacl", "sacl"):
            side[key] = twins_apart(side[key])
    return mine, theirs


def twins_apart(aces):
    """The order of the other entries, and then the explicit generic entries
    and what may be made from them, sorted."""
    if aces is None:
        return None
    originals = {a for a in aces
                 if not a[1] & ID and a[1] & IO and is_generic(a)}
    twins = originals | {effective(a) for a in originals}
    return ([a for a in aces if a not in twins] +
            sorted(a for a in aces if a in twins))


def is_generic(entry):
    mask = struct.unpack_from("<I", entry, 4)[0]
    return mask & 0xF0000000 or entry[-12:] in (CREATOR_OWNER, CREATOR_GROUP)


def effective(entry):
    mask = map_generic(struct.unpack_from("<I", entry, 4)[0])
    body = entry[8:]
    for creator, who in ((CREATOR_OWNER, OWNER), (CREATOR_GROUP, GROUP)):
        if body.endswith(creator):
            body = body[:-12] + who
    return struct.pack("<BBHI", entry[0], entry[1] & 0xC0, 8 + len(body), mask) + body


if __name__ == "__main__":
    main()
