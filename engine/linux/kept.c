/*
 * KEPT: the copies that the account tools leave (/etc/passwd- and its like).
 *
 * Each useradd, userdel, groupadd or groupdel first copies the file that it
 * changes: passwd to passwd-, group to group-, and so on. After an undo these
 * copies would still name our accounts, and after a mere setup they are not
 * what they were. So a plan with account changes ends with one KEPT change per
 * such file, with before = after = the copy as it was before the first tool
 * ran, prepared (durable) before any tool runs:
 *
 *	group sandbook, account sandbook-1000-off, account sandbook-1000-on,
 *	kept /etc/passwd-, kept /etc/group-, kept /etc/shadow-, ...
 *
 * Doing.  `replace` writes the saved state whatever stands there. When the
 * transaction is confirmed, no copy names us unless another tool made one
 * later.
 *
 * Undoing.  The inverse of a KEPT change is a KEPT change, always made, and
 * made after all others of its transaction, since the tools that take our
 * accounts away dirty the copies too. What it writes is decided before those
 * tools run, by `subtract`, from the copy as it is then:
 *
 *	1  equal to the saved state: nobody touched it      the saved state
 *	2  equal to the live file but for lines of ours,
 *	   or a beginning of it that stops in mid-line:
 *	   what a tool of ours left that a crash separated
 *	   from its KEPT change (not of /etc/subuid- and
 *	   /etc/subgid-, which no tool of ours writes)      the saved state
 *	3  anything else: another tool's copy               it, less ours
 *
 * The decision looks at the host alone, so it may be taken again after any
 * crash. The crash points of doing and of undoing, for a copy C, its live
 * file L, and a tool that changes L from L0 to L1 (which differ in our lines):
 *
 *	before the tool runs             C as saved               case 1
 *	while it writes C                C is a beginning of L0   case 2
 *	after C, before or after L1      C = L0                   case 2
 *	after the KEPT change            C as saved               case 1
 *
 * A copy that another tool made in between is told from ours in case 2 by what
 * that tool changed in the live file. One that changed nothing but lines of
 * ours looks like ours, and then nothing of anybody's is lost.
 *
 * What this asks of the generic machinery: a transaction begins only where each
 * copy is as it was planned with (journal/transact.c), since one that was seen
 * while another command's tools ran would be saved with names of ours in it;
 * plan_undo adds an inverse for each KEPT change, never settles one as "already
 * undone", and places it last; apply, when it undoes and an account or group
 * could not be taken away, still makes the KEPT changes but leaves them owed,
 * so that the next attempt keeps the copies again; recovery of an undo that a
 * crash cut short settles its KEPT changes as owed, for the same reason.
 *
 * What a tool that was cut off left beside its file goes with the copy.
 *
 * It refuses every path that is not in the table below: what a journal says is
 * no reason to write elsewhere.
 */
#include "engine/linux/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/account.h"
#include "engine/linux/accountfile.h"
#include "engine/linux/error.h"
#include "engine/linux/fd.h"
#include "engine/linux/leftovers.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define TEMPORARY_SUFFIX ".sandbook"

const char *const sbk_kept_files[] = {
	"/etc/passwd-", "/etc/group-",	"/etc/shadow-",	  "/etc/gshadow-",
	"/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock", NULL,
};

static int check_name(const char *name, struct sbk_error *err)
{
	const char *const *file = sbk_kept_files;

	for (; *file != NULL; file++)
		if (strcmp(*file, name) == 0)
			return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is none of the account tools' files", name);
}

/* Header and content of an encoded state. */
struct kept_state {
	unsigned int mode, uid, gid;
	struct sbk_slice content;
};

static void encode(struct sbk_buf *out, const struct kept_state *state)
{
	sbk_buf_printf(out, "mode %04o owner %u:%u\n", state->mode, state->uid,
		       state->gid);
	sbk_buf_add(out, state->content.data, state->content.size);
}

static int decode(struct sbk_state state, struct kept_state *out,
		  struct sbk_error *err)
{
	const char *end = memchr(state.data, '\n', state.size);
	char header[64];
	size_t size = end != NULL ? (size_t)(end - state.data) : 0;
	int used = 0;

	if (size == 0 || size >= sizeof(header))
		goto malformed;
	memcpy(header, state.data, size);
	header[size] = '\0';
	if (sscanf(header, "mode %o owner %u:%u%n", &out->mode, &out->uid,
		   &out->gid, &used) != 3 ||
	    (size_t)used != size || out->mode > 0777)
		goto malformed;
	out->content.data = state.data + size + 1;
	out->content.size = state.size - size - 1;
	return 0;
malformed:
	return sbk_error_set(err, SBK_E_PARSE,
			     "the state of a kept file is malformed");
}

static int read_state(const char *name, struct sbk_buf *out,
		      struct sbk_error *err)
{
	struct kept_state state;
	struct sbk_buf content = SBK_BUF_INIT;
	int rc;

	sbk_buf_clear(out);
	rc = sbk_accountfile_read(name, &content, &state.mode, &state.uid,
				  &state.gid, err);
	if (rc == 0) {
		state.content.data = sbk_buf_text(&content);
		state.content.size = content.size;
		encode(out, &state);
		rc = sbk_buf_failed(out, err);
	} else if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
	}
	sbk_buf_release(&content);
	return rc;
}

static int kept_observe(struct sbk_host *host, const struct sbk_object *object,
			struct sbk_observation *out, struct sbk_error *err)
{
	int rc = check_name(object->name, err);

	(void)host;
	if (rc < 0)
		return rc;
	sbk_buf_clear(&out->identity);
	return read_state(object->name, &out->state, err);
}

/* The finished file under the temporary name, durable; 0 or an errno. */
static int write_temporary(const char *path, const struct kept_state *state)
{
	int fd, os_code = 0;

	/* One that a crash left is ours by its name. */
	if (unlink(path) < 0 && errno != ENOENT)
		return errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return errno;
	os_code =
		sbk_fd_write_all(fd, state->content.data, state->content.size);
	if (os_code == 0 && (fchown(fd, state->uid, state->gid) < 0 ||
			     fchmod(fd, state->mode) < 0 || fsync(fd) < 0))
		os_code = errno;
	if (close(fd) < 0 && os_code == 0)
		os_code = errno;
	return os_code;
}

static int write_file(const char *name, struct sbk_state next,
		      struct sbk_error *err)
{
	char temporary[SBK_PATH_MAX];
	struct kept_state state;
	int rc, os_code;

	(void)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY_SUFFIX,
		       name);
	rc = decode(next, &state, err);
	if (rc < 0)
		return rc;
	os_code = write_temporary(temporary, &state);
	if (os_code == 0 && rename(temporary, name) < 0)
		os_code = errno;
	if (os_code == 0)
		return 0;
	(void)unlink(temporary); /* absent already, or the next attempt does */
	return sbk_error_set_errno(err, os_code, "putting back '%s'", name);
}

static int put_back(const char *name, struct sbk_state next,
		    struct sbk_error *err)
{
	int os_code;

	if (!sbk_state_absent(next))
		return write_file(name, next, err);
	if (unlink(name) == 0)
		return 0;
	os_code = errno;
	if (os_code == ENOENT)
		return 0;
	return sbk_error_set_errno(err, os_code, "removing '%s'", name);
}

static int kept_replace(struct sbk_host *host, const struct sbk_object *object,
			struct sbk_state expected, struct sbk_state next,
			struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	struct sbk_state seen;
	int lock = -1, rc;

	(void)expected; /* written whatever stands there */
	rc = check_name(object->name, err);
	if (rc == 0)
		rc = sbk_account_touch_files(host, err);
	if (rc == 0)
		rc = sbk_program_lock(0, &lock, err);
	if (rc == 0)
		rc = sbk_leftovers_clear(err);
	if (rc == 0)
		rc = read_state(object->name, &now, err);
	if (rc < 0)
		goto out;
	seen = (struct sbk_state){sbk_buf_text(&now), now.size};
	if (sbk_state_equal(seen, next))
		goto out;
	rc = put_back(object->name, next, err);
	if (rc == 0)
		rc = read_state(object->name, &now, err);
	seen = (struct sbk_state){sbk_buf_text(&now), now.size};
	if (rc == 0 && !sbk_state_equal(seen, next))
		rc = sbk_error_set(err, SBK_E_IO,
				   "'%s' is not what was just written",
				   object->name);
out:
	sbk_program_unlock(lock);
	sbk_buf_release(&now);
	return rc;
}

/* Whether `ours` lists the line, by its name ("name X") or as a whole
 * ("line X"). */
static bool is_listed(const char *ours, struct sbk_slice line)
{
	struct sbk_slice rest = {ours, strlen(ours)}, entry, value;
	struct sbk_slice name = sbk_accountfile_field(line, 0);

	while (sbk_accountfile_next(&rest, &entry)) {
		bool whole = strncmp(entry.data, "line ", 5) == 0;

		if (!whole && strncmp(entry.data, "name ", 5) != 0)
			continue;
		value = whole ? line : name;
		if (entry.size == value.size + 5 &&
		    memcmp(entry.data + 5, value.data, value.size) == 0)
			return true;
	}
	return false;
}

/* `text` without the lines of ours: listed, or (NULL) named as ours are. */
static void add_without_ours(struct sbk_buf *out, struct sbk_slice text,
			     const char *ours)
{
	struct sbk_slice rest = text, line;

	while (sbk_accountfile_next(&rest, &line)) {
		struct sbk_slice name = sbk_accountfile_field(line, 0);

		if (ours != NULL ? is_listed(ours, line)
				 : sbk_account_name_is_ours(name))
			continue;
		/* The newline too, where there is one. */
		sbk_buf_add(out, line.data, (size_t)(rest.data - line.data));
	}
}

/*
 * Whether a copy is a beginning of the live file that a crash cut short. The
 * tools write blocks; a finished copy ends with a newline, but may well be a
 * beginning of a live file to which another tool appended a line.
 */
static bool is_cut_short(struct sbk_slice copy, const struct sbk_buf *live)
{
	if (copy.size == 0)
		return live->size > 0;
	if (copy.size >= live->size ||
	    memcmp(copy.data, sbk_buf_text(live), copy.size) != 0)
		return false;
	return copy.size % 4096 == 0 || copy.data[copy.size - 1] != '\n';
}

/* Case 2 of the table above. */
static int is_leftover(const char *name, struct sbk_slice copy, bool *answer,
		       struct sbk_error *err)
{
	struct sbk_buf live = SBK_BUF_INIT, a = SBK_BUF_INIT, b = SBK_BUF_INIT;
	char path[SBK_PATH_MAX];
	size_t size = strlen(name);
	int rc;

	*answer = true; /* the lock file, which says nothing */
	if (name[size - 1] != '-')
		return 0;
	*answer = false;
	if (strncmp(name, "/etc/sub", 8) == 0)
		return 0; /* no tool of ours writes these */
	memcpy(path, name, size - 1);
	path[size - 1] = '\0';
	rc = sbk_accountfile_read(path, &live, NULL, NULL, NULL, err);
	if (rc == SBK_E_NOTFOUND) {
		sbk_error_clear(err);
		rc = 0;
		goto out;
	}
	if (rc < 0)
		goto out;
	add_without_ours(&a, copy, NULL);
	add_without_ours(&b, (struct sbk_slice){sbk_buf_text(&live), live.size},
			 NULL);
	rc = sbk_buf_failed(&a, err);
	if (rc == 0)
		rc = sbk_buf_failed(&b, err);
	*answer = (a.size == b.size &&
		   memcmp(sbk_buf_text(&a), sbk_buf_text(&b), a.size) == 0) ||
		  is_cut_short(copy, &live);
out:
	sbk_buf_release(&live);
	sbk_buf_release(&a);
	sbk_buf_release(&b);
	return rc;
}

static int kept_subtract(struct sbk_host *host, const struct sbk_change *change,
			 struct sbk_state current, struct sbk_buf *next,
			 struct sbk_error *err)
{
	struct sbk_state saved = change->before;
	struct kept_state state;
	bool leftover = false;
	int rc;

	(void)host;
	rc = check_name(change->object.name, err);
	if (rc < 0)
		return rc;
	if (sbk_state_equal(current, saved))
		goto saved;
	if (sbk_state_absent(current))
		return 0; /* somebody removed the copy: so it stays */
	rc = decode(current, &state, err);
	if (rc == 0)
		rc = is_leftover(change->object.name, state.content, &leftover,
				 err);
	if (rc < 0)
		return rc;
	if (!leftover && change->ours != NULL) {
		sbk_buf_printf(next, "mode %04o owner %u:%u\n", state.mode,
			       state.uid, state.gid);
		add_without_ours(next, state.content, change->ours);
		return sbk_buf_failed(next, err);
	}
saved:
	sbk_buf_add(next, saved.data, saved.size);
	return sbk_buf_failed(next, err);
}

const struct sbk_host_kind sbk_host_kept = {
	.tool_lock = true,
	.observe = kept_observe,
	.replace = kept_replace,
	.subtract = kept_subtract,
};
