#!/usr/bin/python3
"""Our access check against Windows' AccessCheck: Wine's, in CI.

	windows_access.py PROGRAM SOURCE [CASES]

PROGRAM is samba_access, SOURCE windows_access.c, which is built with mingw-w64.
Where Wine deviates from Windows, a rule of DEVIATIONS says why; one that
nothing needs is an error. Not asked is what Wine has otherwise or not at all:
MAXIMUM_ALLOWED and several rights at once (there a denying entry also takes what
an earlier one granted), OWNER RIGHTS, labels, absent lists, restricted tokens.
"""
import os
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
COMPILER = "x86_64-w64-mingw32-gcc"
DENIED, GRANTED, UNDECIDED = range(3)
STANDARD = 0x001F0000
HAS_GENERIC, IS_OWNER = 1, 2


def skip(why):
	print(f"windows_access: {why}")
	sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else SKIP)


def generic_bits(case):
	"""Wine maps generic bits of entries; ours leave that open."""
	return case["flags"] & HAS_GENERIC and case["answer"] == UNDECIDED


def owner_has_standard_rights(case):
	"""Wine gives an owner all standard rights, Windows READ_CONTROL and
	WRITE_DAC (MS-DTYP 2.5.3.2): Wine grants where ours miss only such."""
	return (case["flags"] & IS_OWNER and case["theirs"] and
		case["answer"] != GRANTED and
		(case["desired"] & ~case["granted"]) & ~STANDARD == 0)


DEVIATIONS = [owner_has_standard_rights, generic_bits]


def agrees(case):
	return case["answer"] == (GRANTED if case["theirs"] else DENIED)


def parse(line, answer):
	words = line.split()
	numbers = [int(word, 0) for word in words[1:]]
	case = dict(zip(("desired", "answer", "granted", "undecided", "flags"),
			numbers))
	case["theirs"] = (int(answer.split()[1], 0)
			  if answer.startswith("granted") else 0)
	return case


def compare(lines, answers):
	used = {}
	for line, answer in zip(lines, answers):
		case = parse(line, answer)
		if answer.startswith("error"):
			sys.exit(f"windows_access: {line}: {answer}")
		if agrees(case):
			continue
		for rule in DEVIATIONS:
			if rule(case):
				used[rule.__name__] = (
					used.get(rule.__name__, 0) + 1)
				break
		else:
			sys.exit(f"windows_access: {line}: Wine says {answer}; "
				 f"{case}")
	for rule in DEVIATIONS:
		if rule.__name__ not in used:
			sys.exit(f"windows_access: nothing needs "
				 f"{rule.__name__}")
	print(f"windows_access: {len(lines)} checks agree; masked: {used}")


def main():
	program, source = sys.argv[1:3]
	count = sys.argv[3] if len(sys.argv) > 3 else "5000"
	if shutil.which("wine") is None or shutil.which(COMPILER) is None:
		skip("no Wine, or no compiler for it")
	with tempfile.TemporaryDirectory() as scratch:
		binary = f"{scratch}/windows_access.exe"
		subprocess.run([COMPILER, "-O1", "-Wall", "-Werror", "-o",
				binary, source, "-ladvapi32"], check=True)
		environment = dict(os.environ, WINEPREFIX=f"{scratch}/prefix",
				   WINEDEBUG="-all", HOME=scratch, DISPLAY="")

		def wine(what, text=""):
			return subprocess.run(
				["wine", binary, what], env=environment,
				text=True, input=text, check=True,
				stdout=subprocess.PIPE,
				stderr=subprocess.DEVNULL).stdout.splitlines()

		sids = wine("token")[0].split()
		lines = subprocess.run(
			[program, "lines", "1", count] + sids, text=True,
			stdout=subprocess.PIPE, check=True).stdout.splitlines()
		asked = "".join(" ".join(line.split()[:2]) + "\n"
				for line in lines)
		answers = wine("check", asked)
		for server in ("wineserver", "/usr/lib/wine/wineserver"):
			if shutil.which(server) is not None:
				subprocess.run([server, "-w"], check=True,
					       env=environment)
				break
	if len(answers) != len(lines):
		sys.exit(f"windows_access: {len(answers)} answers to "
			 f"{len(lines)} lines")
	compare(lines, answers)


main()
