#!/usr/bin/python3
"""samba_bytes.py PROGRAM COUNT [SEED]: descriptors' bytes against Samba's.

Lets Samba unpack and pack again what "PROGRAM generate" makes, and hands it to
"PROGRAM check", which says what may differ. Exits 77 where Samba's Python
binding is missing (1 where SBK_TESTS_MUST_RUN=1).
"""
import os
import struct
import subprocess
import sys

try:
    from samba.dcerpc.security import descriptor
except ImportError:
    print("samba_bytes.py: Samba's Python binding is missing")
    sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else 77)


def main():
    program, count = sys.argv[1], int(sys.argv[2])
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    cases = subprocess.Popen([program, "generate", seed, str(count)],
                             stdout=subprocess.PIPE, bufsize=1 << 20)
    check = subprocess.Popen([program, "check", seed, str(count)],
                             stdin=subprocess.PIPE, bufsize=1 << 20)
    size_of = struct.Struct("<I")
    read, write = cases.stdout.read, check.stdin.write
    for n in range(count):
        case = read(size_of.unpack(read(4))[0])
        sd = descriptor()
        try:
            sd.__ndr_unpack__(case, allow_remaining=True)
            packed = sd.__ndr_pack__()
        except RuntimeError as error:
            print(f"case {n}: Samba refuses it: {error}\n{case.hex()}")
            check.kill()
            cases.kill()
            return 1
        try:
            write(size_of.pack(len(packed)) + packed)
        except BrokenPipeError:
            break
    try:
        check.stdin.close()
    except BrokenPipeError:
        pass
    return 1 if check.wait() != 0 or cases.wait() != 0 else 0


sys.exit(main())
