/*
 * Primitives of the system: time, people, principals, paths. People come from
 * the account database and never from the environment; the one exception is
 * who called sudo, which only root's own environment can say.
 */
#include "engine/os.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"

#include "engine/banned.h"

#define DATABASE_BYTES 65536 /* of one entry of the account database */

int64_t sbk_os_now_ms(void)
{
	struct timespec now;

	/* Cannot fail: the clock exists and the pointer is good. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *sbk_os_machine_directory(void)
{
	return "/var/lib/sandbook";
}

struct sbk_owner sbk_os_machine_owner(void)
{
	return sbk_owner_of_number(0);
}

int sbk_os_person_directory(const struct sbk_person *person, char *out,
			    size_t size, size_t *base, struct sbk_error *err)
{
	int length;

	if (person->home[0] != '/')
		return sbk_error_set(err, SBK_E_INVAL,
				     "the account database names no home for "
				     "'%s', so there is no place for a journal",
				     person->name);
	length = snprintf(out, size, "%s/.local/state/sandbook", person->home);
	if (length < 0 || (size_t)length >= size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the home of '%s' has too long a name",
				     person->name);
	*base = strlen(person->home);
	return 0;
}

bool sbk_os_elevated(void)
{
	return geteuid() == 0;
}

static int fill_person(const struct passwd *entry, struct sbk_person *out,
		       struct sbk_error *err)
{
	size_t name = strlen(entry->pw_name), home = strlen(entry->pw_dir);

	if (name >= sizeof(out->name) || home >= sizeof(out->home))
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the account of '%s' has a name or a home "
				     "that is too long",
				     entry->pw_name);
	out->id = sbk_owner_of_number(entry->pw_uid);
	out->uid = entry->pw_uid;
	out->gid = entry->pw_gid;
	memcpy(out->name, entry->pw_name, name + 1);
	memcpy(out->home, entry->pw_dir, home + 1);
	return 0;
}

/* Looks up by name, or by number where `name` is NULL. */
static int look_up_person(const char *name, uid_t uid, struct sbk_person *out,
			  struct sbk_error *err)
{
	char *buffer = malloc(DATABASE_BYTES);
	struct passwd entry, *found = NULL;
	int os_code, rc;

	if (buffer == NULL)
		return sbk_error_no_memory(err);
	if (name != NULL)
		os_code = getpwnam_r(name, &entry, buffer, DATABASE_BYTES,
				     &found);
	else
		os_code =
			getpwuid_r(uid, &entry, buffer, DATABASE_BYTES, &found);
	if (found != NULL)
		rc = fill_person(found, out, err);
	else if (os_code != 0 && os_code != ENOENT && os_code != ESRCH)
		rc = sbk_error_set_errno(err, os_code,
					 "asking the account database");
	else if (name != NULL)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "no account has the name '%s'", name);
	else
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "no account has the number %u", uid);
	free(buffer);
	return rc;
}

int sbk_os_caller(struct sbk_person *out, struct sbk_error *err)
{
	return look_up_person(NULL, geteuid(), out, err);
}

int sbk_os_person_by_name(const char *name, struct sbk_person *out,
			  struct sbk_error *err)
{
	return look_up_person(name, 0, out, err);
}

int sbk_os_person_by_id(const struct sbk_owner *id, struct sbk_person *out,
			struct sbk_error *err)
{
	uint32_t number;

	if (!sbk_owner_number(id, &number))
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "'%s' is no uid of this machine",
				     id->text);
	return look_up_person(NULL, number, out, err);
}

/* A decimal number of an account or group; false where it is none. */
static bool parse_number(const char *text, uint32_t *out)
{
	unsigned long long value;
	char *end;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 10)
		return false;
	value = strtoull(text, &end, 10);
	if (*end != '\0' || value >= UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

int sbk_os_invoking_person(struct sbk_person *out, struct sbk_error *err)
{
	const char *sudo_uid = getenv("SUDO_UID");
	uint32_t uid;
	int rc;

	if (geteuid() != 0 || sudo_uid == NULL || !parse_number(sudo_uid, &uid))
		return sbk_os_caller(out, err);
	rc = look_up_person(NULL, uid, out, err);
	return rc == SBK_E_NOTFOUND
		       ? sbk_error_set(err, rc,
				       "SUDO_UID is %u, which is no account "
				       "any more: unset it to act for root "
				       "alone",
				       uid)
		       : rc;
}

static int look_up_group(const char *name, uint32_t *out, struct sbk_error *err)
{
	char *buffer = malloc(DATABASE_BYTES);
	struct group entry, *found = NULL;
	int os_code, rc = 0;

	if (buffer == NULL)
		return sbk_error_no_memory(err);
	os_code = getgrnam_r(name, &entry, buffer, DATABASE_BYTES, &found);
	if (found != NULL)
		*out = found->gr_gid;
	else if (os_code != 0 && os_code != ENOENT && os_code != ESRCH)
		rc = sbk_error_set_errno(err, os_code,
					 "asking the group database");
	else
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "no group has the name '%s'", name);
	free(buffer);
	return rc;
}

/* What stands after "group:", "g:", "u:", or nothing. */
static int resolve_principal(const char *text, struct sbk_principal_id *out,
			     struct sbk_error *err)
{
	struct sbk_person person;
	int rc;

	out->is_group = false;
	if (strncmp(text, "group:", 6) == 0) {
		out->is_group = true;
		text += 6;
	} else if (strncmp(text, "u:", 2) == 0 || strncmp(text, "g:", 2) == 0) {
		out->is_group = text[0] == 'g';
		text += 2;
	}
	if (text[0] == '\0')
		return sbk_error_set(err, SBK_E_INVAL,
				     "a principal is an account's name, "
				     "group:NAME, or a number");
	if (parse_number(text, &out->number))
		return 0;
	if (out->is_group)
		return look_up_group(text, &out->number, err);
	rc = look_up_person(text, 0, &person, err);
	if (rc == 0)
		out->number = person.uid;
	return rc;
}

int sbk_os_principal(const char *text, char out[SBK_PRINCIPAL_TEXT],
		     struct sbk_error *err)
{
	struct sbk_principal_id id;
	int rc = resolve_principal(text, &id, err);

	if (rc == 0)
		sbk_principal_format(id, out);
	return rc;
}

int sbk_os_real_path(const char *path, char **out, struct sbk_error *err)
{
	char *real;

	if (strlen(path) >= SBK_PATH_MAX)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.60s...' is longer than %d bytes: go "
				     "there and use '.'",
				     path, SBK_PATH_MAX - 1);
	real = realpath(path, NULL);
	if (real == NULL && errno == ENOENT)
		return sbk_error_set(
			err, SBK_E_NOTFOUND,
			"nothing is at '%.300s'; make it first, or "
			"name another path",
			path);
	if (real == NULL)
		return sbk_error_set_errno(err, errno, "'%s'", path);
	*out = real;
	return 0;
}

int sbk_os_read_file(const char *path, size_t max, struct sbk_buf *out,
		     struct sbk_error *err)
{
	/* Not to wait for a FIFO's writer. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				    O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "opening '%s'", path);
	if (fstat(fd, &st) < 0)
		rc = sbk_error_set_errno(err, errno, "looking at '%s'", path);
	else if (!S_ISREG(st.st_mode))
		rc = sbk_error_set(err, SBK_E_INVAL, "'%s' is no regular file",
				   path);
	else
		rc = sbk_fd_read_all(fd, path, max, out, err);
	(void)close(fd); /* only read */
	return rc;
}
