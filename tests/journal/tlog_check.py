#!/usr/bin/env python3
"""Checks what `sandbook journal` proves, without Sandbook.

Written from the specifications alone: c2sp.org/signed-note, tlog-checkpoint,
tlog-proof, tlog-witness and tlog-cosignature, DSSE's protocol 1.0 and envelope,
in-toto's Statement v1, RFC 6962 (the tree), RFC 8032 (Ed25519, of which
only verification is here: slow, and of no use but as an oracle). It shares no
code with the program.

    tlog_check.py checkpoint KEY NOTE
    tlog_check.py inclusion KEY PROOF ENTRY
    tlog_check.py consistency KEY BODY [OLD-NOTE]
    tlog_check.py cosignature KEY NOTE     (KEY is the witness's)
    tlog_check.py export KEY EXPORT        (of `sandbook journal export --json`)
    tlog_check.py segments KEY FILE...     (of `export --to`, from the oldest on,
                                            and perhaps an EXPORT of the rest)
    tlog_check.py certificate KEY ENVELOPE

KEY is a public key (name+id+base64), the others are files. ENTRY holds the
entry's bytes and nothing else. Exit code 0: it holds; 1: it does not.
"""
import base64
import hashlib
import json
import re
import sys


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


# --- Ed25519, RFC 8032, section 5.1.7 ---------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    """Extended coordinates (X, Y, Z, T), section 5.1.4."""
    s = (a[1] - a[0]) * (b[1] - b[0]) % P
    t = (a[1] + a[0]) * (b[1] + b[0]) % P
    u = 2 * a[3] * b[3] * D % P
    v = 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            out = add(out, point)
        point = add(point, point)
        n >>= 1
    return out


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and \
        (a[1] * b[2] - b[1] * a[2]) % P == 0


def recover_x(y, sign):
    need(y < P, "a point that is none")
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P != 0:
        x = x * SQRT_M1 % P
    need((x * x - xx) % P == 0, "a point that is none")
    need(x != 0 or sign == 0, "a point that is none")
    return P - x if x & 1 != sign else x


def decode_point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign)
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_holds(public, signature, message):
    need(len(public) == 32 and len(signature) == 64, "sizes of Ed25519")
    a, r = decode_point(public), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    need(s < L, "a signature out of range")
    k = int.from_bytes(
        hashlib.sha512(signature[:32] + public + message).digest(), "little")
    return equal(times(s, BASE), add(r, times(k % L, a)))


# --- signed notes and checkpoints -------------------------------------------


def decode_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("bad base64")
    need(base64.b64encode(data).decode() == text, "base64 that is not canonical")
    return data


def parse_key(text):
    name, key_id, encoded = text.strip().split("+", 2)
    data = decode_base64(encoded)
    need(len(data) == 33 and data[0] == 1, "no Ed25519 key")
    wanted = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    need(key_id == wanted.hex(), "the key's id is not its own")
    return name, wanted, data[1:]


def open_note(data, key):
    """The text, of which `key` has a signature that holds."""
    name, key_id, public = key
    try:
        note = data.decode()
    except UnicodeDecodeError:
        raise Refused("no UTF-8")
    need(not re.search("[\x00-\x09\x0b-\x1f]", note), "control characters")
    end = note.rfind("\n\n")
    need(end >= 0 and note.endswith("\n"), "no signed note")
    text, lines = note[:end + 1], note[end + 2:].split("\n")[:-1]
    need(lines, "no signature")
    found = False
    for line in lines:
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(match, "a line that is no signature")
        signature = decode_base64(match[2])
        if match[1] != name or signature[:4] != key_id:
            continue
        need(ed25519_holds(public, signature[4:], text.encode()),
             "a signature of the key that does not hold")
        found = True
    need(found, "not signed by the key")
    return text


def check_cosignature(key, data):
    """When the witness saw it, how many entries, and whose."""
    name, _, public = key
    wanted = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    note = data.decode()
    end = note.rfind("\n\n")
    need(end >= 0 and note.endswith("\n"), "no signed note")
    text, lines = note[:end + 1], note[end + 2:].split("\n")[:-1]
    seen = None
    for line in lines:
        match = re.fullmatch("\u2014 ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        need(match, "a line that is no signature")
        signature = decode_base64(match[2])
        if match[1] != name or signature[:4] != wanted:
            continue
        need(len(signature) == 76, "no cosignature of Ed25519")
        seen = int.from_bytes(signature[4:12], "big")
        message = "cosignature/v1\ntime %d\n%s" % (seen, text)
        need(ed25519_holds(public, signature[12:], message.encode()),
             "a cosignature that does not hold")
    need(seen is not None, "not cosigned by the key")
    origin, size = text.split("\n")[:2]
    return seen, parse_number(size), origin


def decode_either(text):
    """DSSE allows both alphabets."""
    need(isinstance(text, str), "no text")
    return decode_base64(text.replace("-", "+").replace("_", "/"))


def check_certificate(key, data):
    """The statement, after its signature: the bytes first, then their
    meaning."""
    try:
        envelope = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused("no JSON")
    need(isinstance(envelope, dict) and
         isinstance(envelope.get("signatures"), list), "no envelope")
    body, kind = decode_either(envelope.get("payload")), \
        envelope.get("payloadType")
    need(isinstance(kind, str), "no payload type")
    encoded = b" ".join([b"DSSEv1", b"%d" % len(kind.encode()), kind.encode(),
                         b"%d" % len(body), body])
    need(any(isinstance(one, dict) and len(decode_either(one.get("sig"))) == 64
             and ed25519_holds(key[2], decode_either(one["sig"]), encoded)
             for one in envelope["signatures"]), "not signed by the key")
    need(kind == "application/vnd.in-toto+json", "another payload type")
    statement = json.loads(body)
    need(statement["_type"] == "https://in-toto.io/Statement/v1",
         "no statement")
    need(statement["subject"] and all(one.get("digest") for one in
                                      statement["subject"]), "no subject")
    need("predicateType" in statement, "no type of the predicate")
    return statement


def parse_number(text):
    need(re.fullmatch("0|[1-9][0-9]*", text), "no proper number")
    return int(text)


def parse_hash(text):
    data = decode_base64(text)
    need(len(data) == 32, "no hash")
    return data


def open_checkpoint(data, key):
    lines = open_note(data, key).split("\n")
    need(len(lines) >= 4 and lines[-1] == "" and all(lines[:-1]),
         "no checkpoint")
    need(lines[0] == key[0], "the origin is not the key's name")
    return parse_number(lines[1]), parse_hash(lines[2])


# --- proofs: the recursive definitions of RFC 6962, sections 2.1.1 and 2.1.2 -


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    return 1 << (n - 1).bit_length() - 1


def root_from_path(leaf, m, n, path):
    """The root of n entries, of which `leaf` is number m."""
    if n == 1:
        need(not path, "a path too long")
        return leaf
    need(path, "a path too short")
    k = split(n)
    if m < k:
        return node(root_from_path(leaf, m, k, path[:-1]), path[-1])
    return node(path[-1], root_from_path(leaf, m - k, n - k, path[:-1]))


def roots_from_growth(m, n, proof, old_root, whole=True):
    """The roots of m and of n entries, as far as the proof says."""
    if m == n:
        if whole:
            need(not proof, "a proof too long")
            return old_root, old_root
        need(len(proof) == 1, "a proof of the wrong length")
        return proof[0], proof[0]
    need(proof, "a proof too short")
    k = split(n)
    if m <= k:
        old, new = roots_from_growth(m, k, proof[:-1], old_root, whole)
        return old, node(new, proof[-1])
    old, new = roots_from_growth(m - k, n - k, proof[:-1], old_root, False)
    return node(proof[-1], old), node(proof[-1], new)


def parse_proof(data, prefix):
    """[header lines], [hashes], the note that follows the first empty line."""
    head, separator, note = data.partition(b"\n\n")
    need(separator, "no empty line")
    lines = head.decode().split("\n")
    count = len(prefix)
    need(len(lines) >= count, "lines are missing")
    numbers = []
    for line, wanted in zip(lines, prefix):
        if wanted.endswith(" "):
            need(line.startswith(wanted), "no line '%s'" % wanted)
            numbers.append(parse_number(line[len(wanted):]))
        else:
            need(line == wanted, "no line '%s'" % wanted)
    need(len(lines) - count <= 63, "too many hashes")
    return numbers[0], [parse_hash(line) for line in lines[count:]], note


def check_inclusion(key, data, entry):
    index, path, note = parse_proof(data, ["c2sp.org/tlog-proof@v1", "index "])
    size, root = open_checkpoint(note, key)
    need(index < size, "no such entry")
    leaf = hashlib.sha256(b"\0" + entry).digest()
    need(root_from_path(leaf, index, size, path) == root,
         "the entry is not in the tree")
    return index, size


def check_consistency(key, data, old_note):
    old, proof, note = parse_proof(data, ["old "])
    size, root = open_checkpoint(note, key)
    need(old <= size, "the old one is larger")
    if old == 0:
        need(not proof, "a proof of nothing")
        return old, size
    need(old_note is not None, "the old checkpoint is missing")
    old_size, old_root = open_checkpoint(old_note, key)
    need(old_size == old, "the old checkpoint has another size")
    if old == size:
        need(not proof and old_root == root, "two roots for one size")
        return old, size
    need(roots_from_growth(old, size, proof, old_root) == (old_root, root),
         "the new tree is not the old one continued")
    return old, size


class Tree:
    """RFC 6962, section 2.1, grown at its end: complete subtrees by size."""

    def __init__(self, size=0, peaks=()):
        need(bin(size).count("1") == len(peaks), "no such tree")
        self.size, self.peaks = size, list(peaks)

    def append(self, entry):
        self.peaks.append(hashlib.sha256(b"\0" + entry).digest())
        self.size += 1
        n = self.size
        while n & 1 == 0:
            right = self.peaks.pop()
            self.peaks[-1] = node(self.peaks[-1], right)
            n >>= 1

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        out = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            out = node(peak, out)
        return out


def add_key(keys, n, entry, root):
    """One more that the log names; a hand-over is signed by the key before it
    (FORMAT.md, Checkpoints)."""
    key = parse_key(entry["key"])
    if keys:
        text = "sandbook/key-handover/v1\n%s\n%d\n%s\n%s\n" % (
            key[0], n, base64.b64encode(root).decode(), entry["key"])
        old = keys[-1][1]
        signed = decode_base64(entry["signature"])
        need(old[0] == key[0] and signed[:4] == old[1] and
             ed25519_holds(old[2], signed[4:], text.encode()),
             "entry %d: a key that the one before did not sign" % n)
    keys.append((n, key))


def start_of(head, lines):
    """The tree and the keys of the entries before the first (FORMAT.md,
    Segments), and the entry that says what they were."""
    keys, tree, first = [], Tree(), head.get("first", 0)
    if first == 0:
        return keys, tree, None
    line = json.loads(lines.pop(0))
    drop = json.loads(line["text"])
    need(drop["op"] == "drop" and drop["entries"] == first and
         line["drop"] >= first, "another entry dropped them")
    tree = Tree(first, [bytes.fromhex(peak) for peak in head["before"]])
    need(tree.root().hex() == drop["root"], "other entries were dropped")
    for item in drop["keys"]:
        need(item["entry"] < first, "a key of a later entry")
        add_key(keys, item["entry"], item, bytes.fromhex(item["before"]))
    return keys, tree, (line["drop"], line["text"].encode())


def keys_of(first, tree, keys, entries):
    """The keys that the log names, each from which entry on."""
    for n, line in enumerate(entries, tree.size):
        if line.startswith((b'{"op":"create"', b'{"op":"key"')):
            entry = json.loads(line)
            if "key" in entry:
                add_key(keys, n, entry, tree.root())
        tree.append(line)
    need(first in [key for _, key in keys], "the key is none of this log")


def check_export(key, data, before=None):
    """How many entries there are, and how many of them are signed. Of a segment
    the last one is; and where a tree is given, it goes on from that."""
    lines = data.split(b"\n")
    need(lines.pop() == b"", "the last line has no end")
    head = json.loads(lines.pop(0))
    need(head.get("export") == "sandbook journal", "no export")
    first = head.get("first", 0)
    keys, tree, drop = start_of(head, lines)
    need(before is None or (before.size, before.root()) ==
         (tree.size, tree.root()), "it does not follow the one before it")
    start = Tree(tree.size, tree.peaks)
    entries = lines[:head["size"] - first]
    rest, notes = lines[len(entries):], {}
    need(len(entries) == head["size"] - first, "entries are missing")
    keys_of(key, tree, keys, entries)
    for line in rest:
        item = json.loads(line)
        if "checkpoint" in item:
            note = item["checkpoint"].encode()
            size = int(item["checkpoint"].split("\n")[1])
            signer = [k for since, k in keys if since < size][-1]
            notes[size] = open_checkpoint(note, signer)[1]
        elif "bytes_hex" in item:
            content = bytes.fromhex(item["bytes_hex"])
            need(hashlib.sha256(content).hexdigest() == item["state"],
                 "a state that is not its hash")
    tree, signed = start, first if first in notes else 0
    need(first not in notes or notes[first] == tree.root(),
         "what was dropped is not what was signed")
    for entry in entries:
        if drop is not None and tree.size == drop[0]:
            need(entry == drop[1], "another entry dropped the first ones")
        tree.append(entry)
        if tree.size in notes:
            need(notes[tree.size] == tree.root(),
                 "the first %d entries are not those that were signed" %
                 tree.size)
            signed = tree.size
    # Who drops entries signs that in the same commit.
    need(drop is None or drop[0] >= tree.size or drop[0] + 1 in notes,
         "that entries were dropped is not signed")
    need(tree.root().hex() == head["root"], "the head has another root")
    need(all(size <= tree.size for size in notes), "signed entries are missing")
    need(signed > 0, "nothing is signed")
    if before is not None:
        before.size, before.peaks = tree.size, tree.peaks
    return tree.size, signed


def check_segments(key, files):
    """How many entries they are together, from the first on."""
    tree = Tree()
    for data in files:
        size, signed = check_export(key, data, tree)
        need(signed == size or data is files[-1],
             "a segment ends at its checkpoint")
    return size, signed


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(argv):
    if len(argv) < 4 or (len(argv) > 5 and argv[1] != "segments"):
        sys.exit(__doc__)
    key = parse_key(argv[2])
    data = read(argv[3])
    if argv[1] == "checkpoint":
        print("%d entries" % open_checkpoint(data, key)[0])
    elif argv[1] == "inclusion":
        print("entry %d of %d" % check_inclusion(key, data, read(argv[4])))
    elif argv[1] == "consistency":
        print("%d to %d" % check_consistency(
            key, data, read(argv[4]) if len(argv) > 4 else None))
    elif argv[1] == "cosignature":
        print("%d: %d entries of %s" % check_cosignature(key, data))
    elif argv[1] == "export":
        print("%d entries, %d signed" % check_export(key, data))
    elif argv[1] == "segments":
        print("%d entries, %d signed" % check_segments(
            key, [read(path) for path in argv[3:]]))
    elif argv[1] == "certificate":
        print("%(predicateType)s" % check_certificate(key, data))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv)
    except Refused as why:
        print("refused: %s" % why, file=sys.stderr)
        sys.exit(1)
