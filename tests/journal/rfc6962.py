#!/usr/bin/env python3
"""Prints the vectors of test_tree.c, from RFC 6962's recursive definition."""
import hashlib


def digest(data):
    return hashlib.sha256(data).digest()


def root(leaves):
    if not leaves:
        return digest(b"")
    if len(leaves) == 1:
        return digest(b"\0" + leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return digest(b"\1" + root(leaves[:k]) + root(leaves[k:]))


for n in (0, 1, 2, 3, 7, 8, 255, 256, 257, 513, 1000, 70000):
    print('{%d, "%s"},' % (n, root([b"entry %d" % i for i in range(n)]).hex()))
