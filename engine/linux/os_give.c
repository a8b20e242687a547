/*
 * Whose an object becomes that a sandbox account owns: the owner's of the
 * directory that holds it. Reads only; the change itself goes through the
 * journal and the backend like any other.
 *
 * The question is asked as root about a tree in which hostile people may
 * rename directories at any moment. So the answer is only given where nobody
 * but root and the new owner could have led us astray: each directory on the
 * way down belongs to root, to the new owner or to the account itself, and the
 * one that vouches is not open for everyone to write in. Who may write in one
 * of them by its group or by an ACL is trusted by its owner, and so here.
 */
#include "engine/os_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/access_state.h"
#include "engine/linux/error.h"
#include "engine/principal_id.h"

#include "engine/banned.h"

struct principals {
	const char *const *items;
	size_t count;
};

static bool is_one_of(const struct principals *principals, bool is_group,
		      uint32_t number)
{
	char text[SBK_PRINCIPAL_TEXT];
	size_t i;

	sbk_principal_format((struct sbk_principal_id){is_group, number}, text);
	for (i = 0; i < principals->count; i++)
		if (strcmp(principals->items[i], text) == 0)
			return true;
	return false;
}

/* What the walk down has learnt. */
struct descent {
	const struct principals *principals;
	const char *path;
	uint32_t owner, group; /* of the nearest that is no principal's */
	bool everyone;	       /* everyone may write in that owner's one */
	uint32_t strangers[2]; /* owners met, other than root */
	size_t stranger_count; /* 3: more than two */
};

static void meet(struct descent *d, const struct stat *st)
{
	size_t i;

	if (!is_one_of(d->principals, true, st->st_gid))
		d->group = st->st_gid;
	if (is_one_of(d->principals, false, st->st_uid))
		return;
	d->owner = st->st_uid;
	d->everyone = (st->st_mode & S_IWOTH) != 0 &&
		      ((st->st_mode & S_ISVTX) != 0 || st->st_uid == 0);
	if (st->st_uid == 0)
		return;
	for (i = 0; i < d->stranger_count && i < 2; i++)
		if (d->strangers[i] == st->st_uid)
			return;
	if (d->stranger_count < 2)
		d->strangers[d->stranger_count] = st->st_uid;
	d->stranger_count++;
}

/* One directory down. `fd` is closed; the new one, or a negative code. */
static int step(struct descent *d, int fd, const char *name,
		struct sbk_error *err)
{
	int next =
		openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int os_code = errno;
	struct stat st;

	(void)close(fd); /* O_PATH */
	if (next < 0 && (os_code == ENOTDIR || os_code == ELOOP))
		os_code = ENOENT;
	if (next < 0)
		return sbk_error_set_errno(err, os_code, "'%s'", d->path);
	if (fstat(next, &st) < 0) {
		os_code = errno;
		(void)close(next); /* O_PATH */
		return sbk_error_set_errno(err, os_code, "'%s'", d->path);
	}
	meet(d, &st);
	return next;
}

/* Walks to the directory that holds d->path. */
static int descend(struct descent *d, struct sbk_error *err)
{
	char text[SBK_PATH_MAX], *name, *slash;
	int fd;

	if (d->path[0] != '/' || strlen(d->path) >= sizeof(text))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is no absolute path", d->path);
	(void)snprintf(text, sizeof(text), "%s", d->path);
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sbk_error_set_errno(err, errno, "opening '/'");
	fd = step(d, fd, ".", err);
	for (name = text + 1; fd >= 0; name = slash + 1) {
		slash = strchr(name, '/');
		if (slash == NULL)
			break;
		*slash = '\0';
		if (*name != '\0')
			fd = step(d, fd, name, err);
	}
	if (fd < 0)
		return fd;
	(void)close(fd); /* O_PATH */
	return 0;
}

static int check(const struct descent *d, struct sbk_error *err)
{
	if (d->everyone)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "everyone may write in the directory that "
				     "holds it, so it is given to nobody; "
				     "remove it, or give it an owner");
	if (d->stranger_count > 1 ||
	    (d->stranger_count == 1 && d->strangers[0] != d->owner))
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "several people own the directories above "
				     "it, so it is given to nobody; remove it, "
				     "or give it an owner");
	return 0;
}

int sbk_os_give_back(const char *path, struct sbk_state current,
		     const char *const *principals, size_t count,
		     struct sbk_buf *next, struct sbk_error *err)
{
	const struct principals list = {.items = principals, .count = count};
	struct descent d = {.principals = &list, .path = path};
	struct sbk_access *access = malloc(sizeof(*access));
	bool owner, group;
	int rc;

	if (access == NULL)
		return sbk_error_no_memory(err);
	rc = sbk_access_parse(current, access, err);
	owner = rc == 0 && is_one_of(&list, false, access->uid);
	group = rc == 0 && is_one_of(&list, true, access->gid);
	if (rc == 0 && (owner || group)) {
		rc = descend(&d, err);
		if (rc == 0)
			rc = check(&d, err);
		sbk_access_give(access, owner ? &d.owner : NULL,
				group ? &d.group : NULL);
	}
	if (rc == 0) {
		sbk_access_format(access, next);
		rc = sbk_buf_failed(next, err);
	}
	free(access);
	return rc;
}
