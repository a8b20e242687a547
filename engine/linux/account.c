/*
 * ACCOUNT and GROUP: observing them in the account files, making them with
 * useradd and groupadd, taking them away with userdel and groupdel.
 *
 * Refuses to remove an account or group that is not, under the tool lock, what
 * the caller expects; and to change one in place, which nothing needs.
 *
 * A tool writes its two files one after the other, so a crash in it can leave
 * an account in one of them. Such a half is a state of its own, is ours by its
 * name or number, and is removed by completing it first: the tools refuse to
 * delete what is not there.
 */
#include "engine/linux/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/limits.h"
#include "engine/linux/account_state.h"
#include "engine/linux/error.h"
#include "engine/linux/leftovers.h"
#include "engine/linux/processes.h"
#include "engine/linux/program.h"

#include "engine/banned.h"

#define USERDEL_BUSY 8 /* its exit code for an account in use */
#define NOBODY_GID                                                 \
	"65534" /* of a half account, for the moment of its repair \
		 */

/* The two files that hold an entry. */
struct files {
	const char *entry, *shadow;
};

static const struct files account_files = {"/etc/passwd", "/etc/shadow"};
static const struct files group_files = {"/etc/group", "/etc/gshadow"};

static const struct files *files_of(enum sbk_kind kind)
{
	return kind == SBK_KIND_ACCOUNT ? &account_files : &group_files;
}

/* Both files read, and the lines of one name in them. */
struct entry {
	struct sbk_buf text, shadow_text;
	struct sbk_slice line, shadow_line;
	bool found, shadow_found;
};

#define ENTRY_INIT                                                \
	{                                                         \
		.text = SBK_BUF_INIT, .shadow_text = SBK_BUF_INIT \
	}

static void entry_release(struct entry *entry)
{
	sbk_buf_release(&entry->text);
	sbk_buf_release(&entry->shadow_text);
}

static int entry_read(struct entry *entry, const struct sbk_object *object,
		      struct sbk_error *err)
{
	const struct files *files = files_of(object->kind);
	int rc;

	rc = sbk_accountfile_read(files->entry, &entry->text, NULL, NULL, NULL,
				  err);
	if (rc < 0)
		return rc;
	entry->found =
		sbk_accountfile_find(&entry->text, object->name, &entry->line);
	rc = sbk_accountfile_read(files->shadow, &entry->shadow_text, NULL,
				  NULL, NULL, err);
	if (rc == SBK_E_NOTFOUND) {
		/* A system without shadow files: the entry says it all. */
		sbk_error_clear(err);
		entry->shadow_found = entry->found;
		entry->shadow_line = entry->line;
		return 0;
	}
	entry->shadow_found = sbk_accountfile_find(
		&entry->shadow_text, object->name, &entry->shadow_line);
	return rc;
}

static void entry_encode(const struct entry *entry,
			 const struct sbk_object *object, struct sbk_buf *out)
{
	const struct sbk_slice *line = entry->found ? &entry->line : NULL;
	const struct sbk_slice *shadow =
		entry->shadow_found ? &entry->shadow_line : NULL;

	if (line == NULL && shadow == NULL)
		return;
	if (object->kind == SBK_KIND_ACCOUNT)
		sbk_account_encode_lines(out, object->name, line, shadow);
	else
		sbk_group_encode_lines(out, object->name, line, shadow);
}

static int read_object(const struct sbk_object *object,
		       struct sbk_observation *out, struct sbk_error *err)
{
	struct entry entry = ENTRY_INIT;
	struct sbk_slice number;
	int rc;

	sbk_buf_clear(&out->state);
	sbk_buf_clear(&out->identity);
	rc = entry_read(&entry, object, err);
	if (rc == 0) {
		entry_encode(&entry, object, &out->state);
		rc = sbk_buf_failed(&out->state, err);
	}
	if (rc == 0 && entry.found) {
		number = sbk_accountfile_field(entry.line, 2);
		sbk_buf_adds(&out->identity, object->kind == SBK_KIND_ACCOUNT
						     ? "uid:"
						     : "gid:");
		sbk_buf_add(&out->identity, number.data, number.size);
		rc = sbk_buf_failed(&out->identity, err);
	}
	entry_release(&entry);
	return rc;
}

static int account_observe(struct sbk_host *host,
			   const struct sbk_object *object,
			   struct sbk_observation *out, struct sbk_error *err)
{
	(void)host;
	return read_object(object, out, err);
}

/* Runs an account tool; `exit_code` may be NULL. */
static int run_tool_code(const char *const *argv, int lock, int *exit_code,
			 struct sbk_error *err)
{
	const struct sbk_program program = {.argv = argv, .hold_fd = lock};

	return sbk_program_do(&program, exit_code, err);
}

static int run_tool(const char *const *argv, int lock, struct sbk_error *err)
{
	return run_tool_code(argv, lock, NULL, err);
}

/* A fact of a state as a terminated text; "" where it is absent or long. */
struct fact {
	char text[256];
};

static struct fact fact_of(struct sbk_state state, const char *key)
{
	struct fact fact = {.text = ""};
	struct sbk_slice slice;

	if (sbk_account_fact(state, key, &slice) &&
	    slice.size < sizeof(fact.text))
		memcpy(fact.text, slice.data, slice.size);
	return fact;
}

static int create_account(const char *name, struct sbk_state next, int lock,
			  struct sbk_error *err)
{
	struct fact uid = fact_of(next, "uid"), gid = fact_of(next, "gid"),
		    gecos = fact_of(next, "gecos"),
		    home = fact_of(next, "home"),
		    shell = fact_of(next, "shell");
	const char *argv[] = {"useradd",
			      "--system",
			      "--uid",
			      uid.text,
			      "--gid",
			      gid.text,
			      "--no-user-group",
			      "--no-create-home",
			      "--no-log-init",
			      "--home-dir",
			      home.text,
			      "--shell",
			      shell.text,
			      "--comment",
			      gecos.text,
			      "--expiredate",
			      "",
			      "--inactive",
			      "-1",
			      name,
			      NULL};

	return run_tool(argv, lock, err);
}

static int create_group(const char *name, struct sbk_state next, int lock,
			struct sbk_error *err)
{
	struct fact gid = fact_of(next, "gid"),
		    password = fact_of(next, "password");
	const char *argv[] = {"groupadd",   "--system",	   "--gid", gid.text,
			      "--password", password.text, name,    NULL};

	return run_tool(argv, lock, err);
}

/* Gives a half account or group its missing line, so that it can go. */
static int complete(const struct sbk_object *object, int lock,
		    struct sbk_error *err)
{
	const char *number =
		object->identity != NULL ? strchr(object->identity, ':') : NULL;
	const char *useradd[] = {"useradd",
				 "--system",
				 "--uid",
				 NULL,
				 "--gid",
				 NOBODY_GID,
				 "--no-user-group",
				 "--no-create-home",
				 "--no-log-init",
				 "--shell",
				 "/usr/sbin/nologin",
				 object->name,
				 NULL};
	const char *groupadd[] = {"groupadd", "--system",   "--gid",
				  NULL,	      object->name, NULL};

	if (number == NULL)
		return sbk_error_set(err, SBK_E_CONFLICT,
				     "'%s' has a shadow entry only; remove it "
				     "with pwck or grpck",
				     object->name);
	useradd[3] = groupadd[3] = number + 1;
	return run_tool(object->kind == SBK_KIND_ACCOUNT ? useradd : groupadd,
			lock, err);
}

/* No login, no cron, no at for it; its password is locked since it was made. */
static int disable_account(const char *name, int lock, struct sbk_error *err)
{
	const char *argv[] = {"usermod", "--expiredate", "1", name, NULL};

	return run_tool(argv, lock, err);
}

static int end_its_processes(const char *name, struct sbk_state current,
			     int lock, struct sbk_error *err)
{
	struct sbk_slice text;
	unsigned int uid;
	size_t count;
	int rc;

	if (!sbk_account_fact(current, "uid", &text) ||
	    !sbk_slice_number(text, &uid))
		return 0; /* half an account: nothing can have run as it */
	rc = sbk_processes_count(uid, &count, err);
	if (rc < 0 || count == 0)
		return rc;
	rc = disable_account(name, lock, err);
	if (rc < 0)
		return rc;
	return sbk_processes_end(uid, err);
}

/*
 * userdel takes a process that has ended for one that runs as long as nobody
 * asks for its exit code, which in a container may be for ever.
 */
static int delete_account(const char *name, struct sbk_state current, int lock,
			  struct sbk_error *err)
{
	const char *argv[] = {"userdel", name, NULL, NULL};
	struct fact uid = fact_of(current, "uid");
	size_t count;
	int exit_code;
	int rc = run_tool_code(argv, lock, &exit_code, err);

	if (rc == 0 || exit_code != USERDEL_BUSY ||
	    sbk_processes_count((unsigned int)strtoul(uid.text, NULL, 10),
				&count, err) < 0 ||
	    count > 0)
		return rc;
	sbk_error_clear(err);
	argv[1] = "--force";
	argv[2] = name;
	return run_tool(argv, lock, err);
}

static int remove_object(const struct sbk_object *object,
			 struct sbk_state current, int lock,
			 struct sbk_error *err)
{
	const char *groupdel[] = {"groupdel", object->name, NULL};
	bool is_account = object->kind == SBK_KIND_ACCOUNT;
	struct sbk_slice number;
	int rc = 0;

	if (sbk_account_fact(current, is_account ? "uid" : "gid", &number) &&
	    sbk_slice_is(number, "none"))
		rc = complete(object, lock, err);
	if (rc == 0 && is_account)
		rc = end_its_processes(object->name, current, lock, err);
	if (rc == 0 && is_account)
		rc = delete_account(object->name, current, lock, err);
	else if (rc == 0)
		rc = run_tool(groupdel, lock, err);
	return rc;
}

static int change_object(const struct sbk_object *object,
			 struct sbk_state current, struct sbk_state next,
			 int lock, struct sbk_error *err)
{
	if (sbk_state_absent(next))
		return remove_object(object, current, lock, err);
	if (!sbk_state_absent(current))
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "an existing account or group is not "
				     "changed in place");
	if (object->kind == SBK_KIND_ACCOUNT)
		return create_account(object->name, next, lock, err);
	return create_group(object->name, next, lock, err);
}

int sbk_account_touch_files(struct sbk_host *host, struct sbk_error *err)
{
	int fd = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd < 0)
		return sbk_error_set_errno(err, errno, "opening '/etc'");
	rc = sbk_host_touch(host, fd, err);
	(void)close(fd); /* O_PATH: nothing was written through it */
	return rc;
}

static bool is_as_expected(const struct sbk_object *object,
			   const struct sbk_observation *seen,
			   struct sbk_state expected)
{
	if (!sbk_state_equal(sbk_observation_state(seen), expected))
		return false;
	return object->identity == NULL || seen->identity.size == 0 ||
	       strcmp(object->identity, sbk_buf_text(&seen->identity)) == 0;
}

static int account_replace(struct sbk_host *host,
			   const struct sbk_object *object,
			   struct sbk_state expected, struct sbk_state next,
			   struct sbk_error *err)
{
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	int lock = -1, rc;

	rc = sbk_account_touch_files(host, err);
	if (rc == 0)
		rc = sbk_program_lock(1, &lock, err);
	if (rc == 0)
		rc = read_object(object, &seen, err);
	if (rc < 0)
		goto out;
	if (!is_as_expected(object, &seen, expected)) {
		rc = sbk_error_set(err, SBK_E_CONFLICT,
				   "'%s' changed since it was looked at",
				   object->name);
		goto out;
	}
	/* Else a tool could take a dead one's lock for that of a live one. */
	rc = sbk_leftovers_clear(err);
	if (rc == 0)
		rc = change_object(object, expected, next, lock, err);
	if (rc == 0)
		rc = read_object(object, &seen, err);
	if (rc == 0 && !sbk_state_equal(sbk_observation_state(&seen), next))
		rc = sbk_error_set(err, SBK_E_IO,
				   "'%s' is not what its tool was asked for",
				   object->name);
out:
	sbk_program_unlock(lock);
	sbk_observation_release(&seen);
	return rc;
}

/*
 * An account or group that others changed goes all the same while number and
 * nonce say that it is ours: leaving it would leave an identity behind that
 * somebody opened. Half of one has no number; its name was free when we began.
 */
static int account_subtract(struct sbk_host *host,
			    const struct sbk_change *change,
			    struct sbk_state current, struct sbk_buf *next,
			    struct sbk_error *err)
{
	bool is_account = change->object.kind == SBK_KIND_ACCOUNT;
	const char *number_key = is_account ? "uid" : "gid";
	const char *nonce_key = is_account ? "gecos" : "password";
	struct fact number = fact_of(current, number_key),
		    number_of_ours = fact_of(change->after, number_key),
		    nonce = fact_of(current, nonce_key),
		    nonce_of_ours = fact_of(change->after, nonce_key);

	(void)host;
	(void)next; /* absent is the empty state */
	if (strcmp(number.text, "none") == 0)
		return 0;
	if (strcmp(number.text, number_of_ours.text) == 0 &&
	    (strncmp(nonce.text, nonce_of_ours.text,
		     strlen(nonce_of_ours.text)) == 0 ||
	     (!is_account && strcmp(nonce.text, "none") == 0)))
		return 0;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "'%s' is not as Sandbook made it: its number or "
			     "description was changed; it is left, remove it "
			     "with %s where it should go",
			     change->object.name,
			     is_account ? "userdel" : "groupdel");
}

/* The name in a line whose number this is and that bears a nonce. */
static bool line_is(struct sbk_slice line, unsigned int number, bool is_account,
		    const struct sbk_buf *gshadow)
{
	struct sbk_slice name = sbk_accountfile_field(line, 0), gecos;
	struct sbk_slice rest = {sbk_buf_text(gshadow), gshadow->size}, other;
	char nonce[SBK_NONCE_DIGITS + 1];
	unsigned int found;

	if (!sbk_slice_number(sbk_accountfile_field(line, 2), &found) ||
	    found != number)
		return false;
	gecos = sbk_accountfile_field(line, 4);
	if (is_account)
		return memmem(gecos.data, gecos.size, " nonce ", 7) != NULL;
	while (sbk_accountfile_next(&rest, &other)) {
		struct sbk_slice password = sbk_accountfile_field(other, 1);
		struct sbk_slice owner = sbk_accountfile_field(other, 0);

		if (owner.size == name.size &&
		    memcmp(owner.data, name.data, name.size) == 0 &&
		    password.size == SBK_NONCE_DIGITS + 1) {
			password.data++;
			password.size--;
			return sbk_nonce_copy(password, nonce);
		}
	}
	return false;
}

bool sbk_account_is_identity(const char *identity)
{
	return strncmp(identity, "uid:", 4) == 0 ||
	       strncmp(identity, "gid:", 4) == 0;
}

void sbk_account_locate(const char *identity, struct sbk_location *found)
{
	bool is_account = identity[0] == 'u';
	const struct files *files =
		files_of(is_account ? SBK_KIND_ACCOUNT : SBK_KIND_GROUP);
	struct sbk_buf text = SBK_BUF_INIT, shadow = SBK_BUF_INIT;
	struct sbk_slice number = {identity + 4, strlen(identity + 4)};
	struct sbk_slice rest, line;
	unsigned int wanted;

	found->kind = SBK_LOCATION_UNKNOWN;
	if (!sbk_slice_number(number, &wanted) ||
	    sbk_accountfile_read(files->entry, &text, NULL, NULL, NULL, NULL) <
		    0 ||
	    (!is_account && sbk_accountfile_read(files->shadow, &shadow, NULL,
						 NULL, NULL, NULL) < 0))
		goto out;
	found->kind = SBK_LOCATION_GONE;
	rest = (struct sbk_slice){sbk_buf_text(&text), text.size};
	while (found->path == NULL && sbk_accountfile_next(&rest, &line)) {
		if (!line_is(line, wanted, is_account, &shadow))
			continue;
		found->path =
			strndup(line.data, sbk_accountfile_field(line, 0).size);
		found->kind = found->path != NULL ? SBK_LOCATION_FOUND
						  : SBK_LOCATION_UNKNOWN;
		break;
	}
out:
	sbk_buf_release(&text);
	sbk_buf_release(&shadow);
}

const struct sbk_host_kind sbk_host_account = {
	.tool_lock = true,
	.observe = account_observe,
	.replace = account_replace,
	.subtract = account_subtract,
};

const struct sbk_host_kind sbk_host_group = {
	.tool_lock = true,
	.observe = account_observe,
	.replace = account_replace,
	.subtract = account_subtract,
};
