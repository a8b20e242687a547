"""A writer of registry hives, from the published description of the format
(M. Suhanov, "Windows registry file format specification"; its corrections of
the sum: 0 becomes 1, 0xFFFFFFFF becomes 0xFFFFFFFE). Unlike hivex, which
writes one kind of list and no big data, it writes all that Windows does:

    key = Key("SAM", values=[("V", REG_BINARY, b"...")], keys=[...])
    bytes = write(key, leaf="lh", part=507)
"""
import struct

REG_NONE, REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD = range(5)
NONE = 0xFFFFFFFF
SEGMENT = 16344


class Key:
    def __init__(self, name, values=(), keys=()):
        self.name, self.values, self.keys = name, list(values), list(keys)

    def at(self, path):
        """The key below, made where it is not there."""
        key = self
        for name in path.split("\\"):
            for below in key.keys:
                if below.name.upper() == name.upper():
                    key = below
                    break
            else:
                below = Key(name)
                key.keys.append(below)
                key = below
        return key

    def put(self, name, kind, data):
        self.values.append((name, kind, data))
        return self


def text(string):
    return (string + "\0").encode("utf-16-le", "surrogatepass")


class Writer:
    def __init__(self, leaf, part, minor):
        self.bins = bytearray(32)
        self.leaf, self.part, self.minor = leaf, part, minor

    def cell(self, content):
        at, size = len(self.bins), (len(content) + 4 + 7) // 8 * 8
        self.bins += struct.pack("<i", -size) + content
        self.bins += bytes(at + size - len(self.bins))
        return at

    @staticmethod
    def compact(name):
        try:
            return name.encode("latin-1"), True
        except UnicodeEncodeError:
            return name.encode("utf-16-le", "surrogatepass"), False

    def data(self, data):
        if len(data) <= SEGMENT or self.minor < 4:
            return self.cell(data)
        places = [self.cell(data[i:i + SEGMENT])
                  for i in range(0, len(data), SEGMENT)]
        listed = self.cell(struct.pack(f"<{len(places)}I", *places))
        return self.cell(b"db" + struct.pack("<HI", len(places), listed))

    def value(self, name, kind, data):
        name, compact = self.compact(name)
        if len(data) <= 4:
            size, at = 0x80000000 | len(data), int.from_bytes(data, "little")
        else:
            size, at = len(data), self.data(data)
        return self.cell(b"vk" + struct.pack("<HIIIHH", len(name), size, at,
                                             kind, compact, 0) + name)

    @staticmethod
    def hash(name):
        value = 0
        units = name.upper().encode("utf-16-le", "surrogatepass")
        for unit in struct.unpack(f"<{len(units) // 2}H", units):
            value = (value * 37 + unit) & 0xFFFFFFFF
        return value

    def leaf_of(self, keys):
        out = self.leaf.encode() + struct.pack("<H", len(keys))
        for name, at in keys:
            out += struct.pack("<I", at)
            if self.leaf == "lh":
                out += struct.pack("<I", self.hash(name))
            elif self.leaf == "lf":
                out += self.compact(name)[0][:4].ljust(4, b"\0")
        return self.cell(out)

    def list_of(self, keys):
        if not keys:
            return NONE
        if len(keys) <= self.part:
            return self.leaf_of(keys)
        parts = [self.leaf_of(keys[i:i + self.part])
                 for i in range(0, len(keys), self.part)]
        return self.cell(b"ri" + struct.pack(f"<H{len(parts)}I", len(parts),
                                             *parts))

    def key(self, key, parent, flags=0):
        name, compact = self.compact(key.name)
        at = self.cell(bytes(76) + name)
        keys = [(below.name, self.key(below, at)) for below in
                sorted(key.keys, key=lambda below: below.name.upper())]
        values = [self.value(*value) for value in key.values]
        listed = (self.cell(struct.pack(f"<{len(values)}I", *values))
                  if values else NONE)
        node = b"nk" + struct.pack(
            "<HQ15IHH", flags | compact << 5, 0, 0, parent,
            len(keys), 0, self.list_of(keys), NONE, len(values), listed,
            self.security, NONE, 0, 0, 0, 0, 0, len(name), 0)
        self.bins[at + 4:at + 4 + len(node)] = node
        return at

    def hive(self, root):
        # One descriptor for all: Administrators, everything for Everyone
        sd = (struct.pack("<BBHIIII", 1, 0, 0x8004, 20, 36, 0, 52) +
              struct.pack("<BB6BII", 1, 2, 0, 0, 0, 0, 0, 5, 32, 544) * 2 +
              struct.pack("<BBHHHBBHI", 2, 0, 28, 1, 0, 0, 0, 20,
                          0xF003F) +
              struct.pack("<BB6BI", 1, 1, 0, 0, 0, 0, 0, 1, 0))
        self.security = len(self.bins)
        self.cell(b"sk" + struct.pack("<HIIII", 0, self.security,
                                      self.security, 1, len(sd)) + sd)
        at = self.key(root, NONE, 0x2C & ~0x20)
        rest = -len(self.bins) % 4096
        if 0 < rest < 8:
            rest += 4096
        if rest:
            self.bins += struct.pack("<i", rest) + bytes(rest - 4)
        self.bins[:32] = (b"hbin" + struct.pack("<II", 0, len(self.bins)) +
                          bytes(20))
        return base(at, len(self.bins), self.minor) + bytes(self.bins)


def base(root, size, minor, sequence=(1, 1)):
    out = b"regf" + struct.pack("<IIQIIIIIII", *sequence, 0, 1, minor, 0, 1,
                                root, size, 1)
    out = out.ljust(508, b"\0")
    total = 0
    for (word,) in struct.iter_unpack("<I", out):
        total ^= word
    total = {0: 1, NONE: NONE - 1}.get(total, total)
    return (out + struct.pack("<I", total)).ljust(4096, b"\0")


def write(root, leaf="lh", part=507, minor=5):
    return Writer(leaf, part, minor).hive(root)
