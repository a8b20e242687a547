/*
 * Free numbers and names for accounts and the group: asked of the account
 * database as a whole (getpwuid and its like), the subordinate ranges and the
 * running processes. Changes nothing.
 */
#include "engine/linux/setup_check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/accountfile.h"
#include "engine/linux/error.h"
#include "engine/linux/processes.h"
#include "engine/os.h"

#include "engine/banned.h"

#define TRIES 1000 /* numbers that may be taken, before we give up */
#define ENTRY_BYTES_MAX (4 << 20) /* of one answer: groups can be large */

struct range {
	unsigned int min, max;
};

/* "KEY number" of /etc/login.defs, or `otherwise`. */
static unsigned int setting(const struct sbk_buf *defs, const char *key,
			    unsigned int otherwise)
{
	struct sbk_slice rest = {sbk_buf_text(defs), defs->size}, line, number;
	size_t size = strlen(key);
	unsigned int value;

	while (sbk_accountfile_next(&rest, &line)) {
		if (line.size <= size || memcmp(line.data, key, size) != 0 ||
		    (line.data[size] != ' ' && line.data[size] != '\t'))
			continue;
		number = (struct sbk_slice){line.data + size, line.size - size};
		while (number.size > 0 &&
		       (*number.data == ' ' || *number.data == '\t')) {
			number.data++;
			number.size--;
		}
		while (number.size > 0 &&
		       (number.data[number.size - 1] == ' ' ||
			number.data[number.size - 1] == '\t'))
			number.size--;
		if (sbk_slice_number(number, &value))
			return value;
	}
	return otherwise;
}

/* The numbers that are system ones as uid and as gid. */
static int system_range(struct range *out, struct sbk_error *err)
{
	struct sbk_buf defs = SBK_BUF_INIT;
	struct range uids, gids;
	int rc = sbk_accountfile_read("/etc/login.defs", &defs, NULL, NULL,
				      NULL, err);

	if (rc < 0 && rc != SBK_E_NOTFOUND)
		goto out;
	sbk_error_clear(err);
	uids.max = setting(&defs, "SYS_UID_MAX",
			   setting(&defs, "UID_MIN", 1000) - 1);
	gids.max = setting(&defs, "SYS_GID_MAX",
			   setting(&defs, "GID_MIN", 1000) - 1);
	uids.min = setting(&defs, "SYS_UID_MIN", 101);
	gids.min = setting(&defs, "SYS_GID_MIN", 101);
	out->min = uids.min > gids.min ? uids.min : gids.min;
	out->max = uids.max < gids.max ? uids.max : gids.max;
	rc = 0;
	if (out->min == 0 || out->min > out->max || out->max >= 65534)
		rc = sbk_error_set(err, SBK_E_INVAL,
				   "'/etc/login.defs' leaves no range for "
				   "system accounts (SYS_UID_MIN, SYS_UID_MAX, "
				   "SYS_GID_MIN, SYS_GID_MAX)");
out:
	sbk_buf_release(&defs);
	return rc;
}

enum question { BY_UID, BY_GID, BY_USER_NAME, BY_GROUP_NAME };

static int ask(enum question question, unsigned int number, const char *name,
	       char *memory, size_t size, bool *known)
{
	struct passwd user, *user_found = NULL;
	struct group group, *group_found = NULL;
	int os_code;

	switch (question) {
	case BY_UID:
		os_code = getpwuid_r(number, &user, memory, size, &user_found);
		break;
	case BY_GID:
		os_code =
			getgrgid_r(number, &group, memory, size, &group_found);
		break;
	case BY_USER_NAME:
		os_code = getpwnam_r(name, &user, memory, size, &user_found);
		break;
	default:
		os_code = getgrnam_r(name, &group, memory, size, &group_found);
	}
	*known = user_found != NULL || group_found != NULL;
	/* These four mean "nobody" too, by the manual page of getpwnam. */
	if (os_code == ENOENT || os_code == ESRCH || os_code == EBADF ||
	    os_code == EPERM)
		return 0;
	return os_code;
}

/* Whether the account database answers, with as much room as it wants. */
static int is_known(enum question question, unsigned int number,
		    const char *name, bool *known, struct sbk_error *err)
{
	size_t size = 16384;
	int os_code;

	do {
		char *memory = malloc(size);

		if (memory == NULL)
			return sbk_error_no_memory(err);
		os_code = ask(question, number, name, memory, size, known);
		free(memory);
		size *= 4;
	} while (os_code == ERANGE && size <= ENTRY_BYTES_MAX);
	if (os_code != 0)
		return sbk_error_set_errno(err, os_code,
					   "asking the account database");
	return 0;
}

static int check_free(enum question question, const char *what,
		      const char *name, struct sbk_error *err)
{
	bool known;
	int rc = is_known(question, 0, name, &known, err);

	if (rc == 0 && known)
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "the %s '%s' exists and is not Sandbook's; "
				   "rename or remove it first",
				   what, name);
	return rc;
}

int sbk_setup_check_user_name(const char *name, struct sbk_error *err)
{
	return check_free(BY_USER_NAME, "account", name, err);
}

int sbk_setup_check_group_name(const char *name, struct sbk_error *err)
{
	return check_free(BY_GROUP_NAME, "group", name, err);
}

int sbk_setup_check_group_number(unsigned int number, struct sbk_error *err)
{
	bool known;
	int rc = is_known(BY_GID, number, NULL, &known, err);

	if (rc == 0 && known)
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "a group that is not Sandbook's has the "
				   "number %u of a sandbox account; give it "
				   "another one ('groupmod -g'), or take the "
				   "account back ('setup --remove-user') and "
				   "enrol anew",
				   number);
	return rc;
}

/* Whether a line "who:first:count" of a file of ranges has the number. */
static int in_subordinate_range(const char *path, unsigned int number,
				bool *answer, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_slice rest, line;
	unsigned int first, count;
	int rc = sbk_accountfile_read(path, &text, NULL, NULL, NULL, err);

	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	}
	rest = (struct sbk_slice){sbk_buf_text(&text), text.size};
	while (rc == 0 && sbk_accountfile_next(&rest, &line))
		if (sbk_slice_number(sbk_accountfile_field(line, 1), &first) &&
		    sbk_slice_number(sbk_accountfile_field(line, 2), &count) &&
		    number >= first && number - first < count)
			*answer = true;
	sbk_buf_release(&text);
	return rc;
}

static int is_taken(unsigned int number, bool *taken, struct sbk_error *err)
{
	size_t processes = 0;
	bool user, group;
	int rc;

	*taken = false;
	rc = is_known(BY_UID, number, NULL, &user, err);
	if (rc == 0)
		rc = is_known(BY_GID, number, NULL, &group, err);
	if (rc < 0 || (*taken = user || group))
		return rc;
	rc = in_subordinate_range("/etc/subuid", number, taken, err);
	if (rc == 0)
		rc = in_subordinate_range("/etc/subgid", number, taken, err);
	if (rc == 0 && !*taken)
		rc = sbk_processes_count(number, &processes, err);
	*taken |= processes > 0;
	return rc;
}

int sbk_setup_pick_number(unsigned int *out, struct sbk_error *err)
{
	unsigned int tried, total, number;
	struct range range;
	bool taken = true;
	int rc = system_range(&range, err);

	if (rc < 0)
		return rc;
	total = range.max - range.min + 1;
	for (tried = 0; taken && tried < total; tried++) {
		number = range.min + (total / 2 + tried) % total;
		rc = is_taken(number, &taken, err);
		if (rc < 0)
			return rc;
	}
	if (taken)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "no free number between %u and %u for a "
				     "system group; remove unused ones",
				     range.min, range.max);
	*out = number;
	return 0;
}

static bool is_among(unsigned int number, const unsigned int *numbers,
		     size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

int sbk_setup_pick_numbers(unsigned int *numbers, size_t count,
			   struct sbk_error *err)
{
	const uint32_t total =
		SBK_ACCOUNT_NUMBER_MAX - SBK_ACCOUNT_NUMBER_MIN + 1;
	size_t found = 0, tried;
	unsigned int number;
	bool taken;
	int rc;

	for (tried = 0; found < count && tried < count + TRIES; tried++) {
		number = SBK_ACCOUNT_NUMBER_MIN + randombytes_uniform(total);
		rc = is_taken(number, &taken, err);
		if (rc < 0)
			return rc;
		if (!taken && !is_among(number, numbers, found))
			numbers[found++] = number;
	}
	if (found < count)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "nearly all numbers from %u to %u are in "
				     "use; the lines of '/etc/subuid' and "
				     "'/etc/subgid' say by whom",
				     SBK_ACCOUNT_NUMBER_MIN,
				     SBK_ACCOUNT_NUMBER_MAX);
	return 0;
}

int sbk_setup_check_digits(uint32_t person, struct sbk_error *err)
{
	struct sbk_person other;
	char digits[16];
	int rc;

	(void)snprintf(digits, sizeof(digits), "%u", person);
	rc = sbk_os_person_by_name(digits, &other, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		return 0;
	}
	if (rc == 0 && other.uid != person)
		rc = sbk_error_set(err, SBK_E_EXISTS,
				   "somebody with another number is named "
				   "'%s', and 'newuidmap' would take that "
				   "person for the one who has the number %s; "
				   "rename that account",
				   digits, digits);
	return rc;
}
