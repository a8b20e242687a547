#!/usr/bin/python3
"""Compares our access check with Samba's (libcli/security, by its Python
binding): every DACL of up to three entries, random ones of up to sixty, and
absent, NULL and empty ones.

	samba_access.py PROGRAM [RANDOM_CASES]

PROGRAM is samba_access, whose first comment tells the stream. Where Samba is
known to deviate from Windows, one rule of DEVIATIONS masks exactly that, says
why, and must have been needed: a rule that masks nothing is an error.
"""
import os
import struct
import subprocess
import sys

SKIP = 77
QUERIES = 4
PARTS = 2
DENIED, GRANTED, UNDECIDED = range(3)
MAXIMUM = 0x02000000
WRITE_OWNER = 0x00080000
RIGHTS = 0x001FFFFF
HAS_GENERIC = 1
DACL_PRESENT = 0x0004

try:
	from samba import NTSTATUSError, security
	from samba.dcerpc import security as types
	from samba.ndr import ndr_unpack
except ImportError as problem:
	print(f"samba_access: no Samba to compare with: {problem}")
	sys.exit(1 if os.environ.get("SBK_TESTS_MUST_RUN") == "1" else SKIP)

# Our bits of a token's privileges, and Samba's.
PRIVILEGES = {
	1: types.SEC_PRIV_BACKUP_BIT,
	2: types.SEC_PRIV_RESTORE_BIT,
	4: types.SEC_PRIV_TAKE_OWNERSHIP_BIT,
	8: types.SEC_PRIV_SECURITY_BIT,
}


def absent_dacl(case):
	"""MS-DTYP 2.5.3.2: no DACL, no policy, everything is granted. Samba
	denies where the presence bit is not set."""
	return not case.sd.type & DACL_PRESENT


def null_dacl_maximum(case):
	"""The same of a NULL DACL: Samba grants whatever is named, but its
	maximum holds no more than the owner's implicit rights."""
	return (case.desired & MAXIMUM and case.sd.type & DACL_PRESENT and
		case.sd.dacl is None and case.answer == GRANTED)


def owns_by_privilege(case):
	return (case.desired & MAXIMUM and case.token.privilege_mask &
		types.SEC_PRIV_TAKE_OWNERSHIP_BIT)


def maximum_by_privilege(case):
	"""Ours holds each right that would be granted alone, so with
	SeTakeOwnershipPrivilege WRITE_OWNER; Samba counts the privilege only
	where the right is named."""
	theirs = 0 if case.samba is None else case.samba & RIGHTS
	return (owns_by_privilege(case) and case.undecided == 0 and
		case.granted == theirs | WRITE_OWNER)


def generic_bits(case):
	"""Entries with generic bits: Samba takes them as they are, Wine maps
	them, so ours are undecided. Samba's answer must be one of those that
	ours leaves."""
	if not case.flags & HAS_GENERIC or not case.undecided:
		return False
	if not case.desired & MAXIMUM:
		return case.answer == UNDECIDED
	theirs = 0 if case.samba is None else case.samba & RIGHTS
	if owns_by_privilege(case):
		theirs |= WRITE_OWNER
	return (case.granted & ~theirs == 0 and
		theirs & ~(case.granted | case.undecided) == 0)


DEVIATIONS = [absent_dacl, null_dacl_maximum, maximum_by_privilege,
	      generic_bits]


class Case:
	pass


def read_tokens(stream):
	tokens = []
	for _ in range(*struct.unpack("<I", stream.read(4))):
		held, count = struct.unpack("<II", stream.read(8))
		token = types.token()
		sids = []
		for _ in range(count):
			size, = struct.unpack("<I", stream.read(4))
			sids.append(ndr_unpack(types.dom_sid,
					       stream.read(size)))
		token.num_sids = count
		token.sids = sids
		for ours, theirs in PRIVILEGES.items():
			if held & ours:
				token.privilege_mask |= theirs
		tokens.append(token)
	return tokens


def agrees(desired, answer, granted, undecided, samba):
	"""`samba` is the mask that it grants, or None."""
	if desired & MAXIMUM:
		# Samba calls an empty maximum a success.
		theirs = 0 if samba is None else samba & RIGHTS
		return undecided == 0 and theirs == granted
	return answer == (DENIED if samba is None else GRANTED)


def excuse(case, used):
	for rule in DEVIATIONS:
		if rule(case):
			used[rule.__name__] = used.get(rule.__name__, 0) + 1
			return True
	return False


def compare(program, arguments):
	"""Runs the program; gives the number of checks and of uses of each
	rule, or exits at the first difference."""
	check = security.access_check
	answers = struct.Struct("<I" + "IIII" * QUERIES)
	checks, used = 0, {}
	with subprocess.Popen([program] + arguments, stdout=subprocess.PIPE,
			      bufsize=1 << 20) as run:
		stream = run.stdout
		tokens = read_tokens(stream)
		while True:
			head = stream.read(4)
			if not head:
				break
			size, = struct.unpack("<I", head)
			data = stream.read(size)
			sd = ndr_unpack(types.descriptor, data)
			flags, asked = struct.unpack("<II", stream.read(8))
			for _ in range(asked):
				numbers = answers.unpack(
					stream.read(answers.size))
				token = tokens[numbers[0]]
				for i in range(1, len(numbers), 4):
					desired = numbers[i]
					try:
						samba = check(sd, token,
							      desired)
					except NTSTATUSError:
						samba = None
					checks += 1
					if agrees(*numbers[i:i + 4], samba):
						continue
					case = Case()
					case.sd, case.flags = sd, flags
					case.samba = samba
					case.token = token
					(case.desired, case.answer,
					 case.granted,
					 case.undecided) = numbers[i:i + 4]
					if not excuse(case, used):
						report(case, numbers[0])
	if run.returncode != 0:
		sys.exit(f"samba_access: {program} failed")
	return checks, used


def report(case, token):
	samba = "denies" if case.samba is None else f"{case.samba:#x}"
	sys.exit(f"samba_access: {case.sd.as_sddl()} token {token} "
		 f"desired {case.desired:#x}: ours {case.answer} "
		 f"{case.granted:#x} undecided {case.undecided:#x}, "
		 f"Samba {samba}")


def in_parts(jobs):
	"""One process for each job; the sums of what they give."""
	children = []
	for program, arguments in jobs:
		end, begin = os.pipe()
		pid = os.fork()
		if pid == 0:
			os.close(end)
			total, used = compare(program, arguments)
			text = " ".join([str(total)] + [
				f"{k}={v}" for k, v in used.items()])
			os.write(begin, text.encode())
			os._exit(0)
		os.close(begin)
		children.append((pid, end))
	total, used, failed = 0, {}, False
	for pid, end in children:
		with os.fdopen(end) as result:
			words = result.read().split()
		failed |= os.waitpid(pid, 0)[1] != 0
		total += int(words[0]) if words else 0
		for word in words[1:]:
			name, count = word.split("=")
			used[name] = used.get(name, 0) + int(count)
	if failed:
		sys.exit(1)
	return total, used


def main():
	program = sys.argv[1]
	cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
	needed = {}
	for name, jobs in {
		"presence": [["presence"]],
		"exhaustive": [["exhaustive", str(i), str(PARTS)]
			       for i in range(PARTS)],
		"random": [["random", str(i + 1), str(cases // PARTS)]
			   for i in range(PARTS)],
	}.items():
		checks, used = in_parts([(program, job) for job in jobs])
		print(f"samba_access: {name}: {checks} checks agree; masked: "
		      f"{used or 'none'}", flush=True)
		needed.update(used)
	for rule in DEVIATIONS:
		if rule.__name__ not in needed:
			sys.exit(f"samba_access: nothing needs {rule.__name__}")


main()
