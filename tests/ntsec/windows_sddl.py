#!/usr/bin/python3
"""The corpora of SDDL through Windows' advapi32: Wine's here, or a real one's.

windows_sddl.py DRIVER SOURCE DATA		builds SOURCE with mingw-w64, asks Wine
windows_sddl.py DRIVER SOURCE DATA ANSWERS	takes answers from a real Windows

For a real Windows: `windows_sddl.py --lines DATA > lines.txt`, there
`windows_sddl.exe < lines.txt > answers.txt`, and back with that file.

Compared are the print, and the parts of the bytes (control, owner, group,
SACL, DACL; the layout is not). Wine's deviations are in DATA/wine.txt, line by
line with their reason; one that no longer deviates is an error. Letters of
domain accounts stand for another domain there: such lines are not compared.
"""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is left beside the source
from sddl_corpus import Masks, ask_ours, cases, parts, skip

COMPILER = "x86_64-w64-mingw32-gcc"
DOMAIN = struct.pack("<III", 1004336348, 1177238915, 682003330)


def wait_for_server(environment):
    """The prefix is in use until its server ends, some seconds later."""
    for name in ("wineserver", "/usr/lib/wine/wineserver"):
        if shutil.which(name) is not None:
            subprocess.run([name, "-w"], env=environment, check=True)
            return


def ask_wine(source, texts):
    if shutil.which("wine") is None or shutil.which(COMPILER) is None:
        skip("no Wine, or no compiler for it")
    with tempfile.TemporaryDirectory() as scratch:
        program = f"{scratch}/windows_sddl.exe"
        subprocess.run([COMPILER, "-O1", "-Wall", "-Werror", "-o", program,
                        source, "-ladvapi32"], check=True)
        environment = dict(os.environ, WINEPREFIX=f"{scratch}/prefix",
                           WINEDEBUG="-all", HOME=scratch, DISPLAY="")
        answers = subprocess.run(["wine", program], env=environment, text=True,
                                 input="".join(f"{text}\n" for text in texts),
                                 stdout=subprocess.PIPE, check=True,
                                 stderr=subprocess.DEVNULL)
        wait_for_server(environment)
        return answers.stdout.splitlines()


def deviation(expected, theirs, ours):
    """What is wrong with an answer, or None."""
    if theirs.startswith("error "):
        return None if expected is None else "is refused"
    _, data, text = theirs.split(" ", 2)
    if expected is None:
        return f"is taken, as {text}"
    if text != expected:
        return f"is printed as {text}"
    if not ours.startswith("ok "):
        return None
    if parts(bytes.fromhex(ours.split(" ")[1])) != parts(bytes.fromhex(data)):
        return f"has other bytes: {data}"
    return None


def compare(all_cases, theirs, ours, masks):
    domain = asked = 0
    for (text, expected), answer, own in zip(all_cases, theirs, ours):
        if own.startswith("ok ") and DOMAIN.hex() in own:
            domain += 1
        elif expected == "?":
            print(f"to be settled: '{text}' -> {answer}")
        else:
            asked += 1
            masks.judge(text, deviation(expected, answer, own))
    print(f"{asked} texts; {domain} with letters of domain accounts are not "
          "compared")
    return masks.failed()


def main(arguments):
    if arguments[0] == "--lines":
        for text, _ in cases(arguments[1]):
            print(text)
        return 0
    driver, source, data = arguments[:3]
    all_cases = list(cases(data))
    texts = [text for text, _ in all_cases]
    if len(arguments) > 3:
        with open(arguments[3], encoding="utf-8") as file:
            theirs, masks = file.read().splitlines(), Masks()
    else:
        theirs = ask_wine(source, texts)
        masks = Masks(f"{data}/wine.txt")
    if len(theirs) != len(texts):
        print(f"{len(theirs)} answers for {len(texts)} texts")
        return 1
    return compare(all_cases, theirs, ask_ours(driver, texts), masks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
