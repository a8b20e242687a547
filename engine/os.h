/*
 * Primitives of the system, chosen at link time: one implementation per
 * system, in engine/linux/os.c and engine/windows/os.c.
 */
#ifndef SBK_OS_H
#define SBK_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/backend.h"
#include "engine/buf.h"
#include "engine/error.h"
#include "engine/owner.h"
#include "engine/principal_id.h"

/* Milliseconds since 1970, UTC. */
int64_t sbk_os_now_ms(void);

/* Where the machine's state is kept: "/var/lib/sandbook"; NULL where the system
 * does not say. */
const char *sbk_os_machine_directory(void);
/* Who must own that: root, the administrators. */
struct sbk_owner sbk_os_machine_owner(void);

/*
 * A person who uses the machine, from the account database alone (never from
 * the environment).
 */
struct sbk_person {
	struct sbk_owner id;
	/* The same as numbers, where the system has them: else UINT32_MAX,
	 * which is nobody's. */
	uint32_t uid, gid;
	char name[64];
	char home[4096];
};

/* The caller: the effective user of this process. */
int sbk_os_caller(struct sbk_person *out, struct sbk_error *err);
/*
 * Where a person's state is kept ("/home/ann/.local/state/sandbook"), at most
 * `size` bytes with its end; its first `base` bytes are of a directory that the
 * system made. Of others than the caller Windows says where it usually is;
 * where it knows of another place, SBK_E_UNSUPPORTED; SBK_E_NOTFOUND of whoever
 * surely has no profile, and so keeps nothing.
 */
int sbk_os_person_directory(const struct sbk_person *person, char *out,
			    size_t size, size_t *base, struct sbk_error *err);
int sbk_os_person_by_name(const char *name, struct sbk_person *out,
			  struct sbk_error *err);
/* SBK_E_NOTFOUND where nobody is that. */
int sbk_os_person_by_id(const struct sbk_owner *id, struct sbk_person *out,
			struct sbk_error *err);
/* The person for whom an administrator acts: who called sudo, or the caller. */
int sbk_os_invoking_person(struct sbk_person *out, struct sbk_error *err);

/* Whether this process may make machine-wide changes. */
bool sbk_os_elevated(void);

/*
 * Puts something at each standard descriptor that the caller closed, so that
 * no file of ours gets its number: what is written there fails, and so does
 * what is read.
 */
int sbk_os_standard_streams(struct sbk_error *err);

/*
 * Makes the end of our own processes ours to wait for, also where the caller
 * ignores that of its own, which a program inherits: else each wait lasts until
 * all are gone, or for ever. Whether the caller did is remembered, for the
 * command of a run, which gets what the caller had.
 */
void sbk_os_own_children(void);
bool sbk_os_children_ignored(void);

/* Whether a person sits at standard input and can be asked. */
bool sbk_os_interactive(void);
/* Whether a person sees what goes to standard error. */
bool sbk_os_is_watched(void);

/*
 * Between the two, what asks this program to end (Ctrl-C; on Linux also SIGTERM
 * and SIGHUP, where they are not ignored; on Windows also a console that is
 * closed) is remembered instead, for whoever has to take something back first.
 * The second time it ends the program all the same. Not to be nested.
 */
int sbk_os_interrupts_begin(struct sbk_error *err);
bool sbk_os_interrupted(void);
void sbk_os_interrupts_end(void);

/* The absolute path of the running program. */
int sbk_os_executable(char *out, size_t out_size, struct sbk_error *err);

/*
 * How people are told to call a command as an administrator: "'", `before`, the
 * command, "'", `after`. One that asks for consent itself (setup, uninstall,
 * where sbk_os_can_elevate says so) has no need of `after`.
 */
struct sbk_admin_words {
	/* What help says in the words of one system, and of this one: to a pair
	 * of NULL; NULL where help is written in them. */
	const char *const (*help)[2];
	bool is_sudo;	    /* by a word before it, which `before` is */
	const char *before; /* "sudo " or "" */
	const char *after;  /* "" or " in an elevated prompt" */
	const char *who;    /* "root" or "an administrator" */
	const char *how;    /* "use sudo" or "use an elevated prompt" */
};

/* Linked from the system's folder. */
extern const struct sbk_admin_words sbk_os_admin;

/*
 * Whether sbk_os_become_sibling asks for an administrator's consent by itself,
 * so that who is none can call it.
 */
bool sbk_os_can_elevate(void);

/*
 * Where that is so: runs the program `name` that stands beside the running one,
 * as an administrator, and waits for its end. Elsewhere SBK_E_UNSUPPORTED.
 */
int sbk_os_run_elevated(const char *name, char *const *argv, int *code,
			struct sbk_error *err);

/*
 * Becomes the program `name` that stands beside the running one, with these
 * arguments and this environment. Returns only where it could not.
 */
int sbk_os_become_sibling(const char *name, char *const *argv,
			  struct sbk_error *err);

/* The host, for real. */
int sbk_os_backend(struct sbk_backend *out, struct sbk_error *err);

/*
 * "u:990" and its display name for what people write: an account name, a
 * group as "group:NAME", a number. SBK_E_NOTFOUND when nobody has the name.
 */
int sbk_os_principal(const char *text, char out[SBK_PRINCIPAL_TEXT],
		     struct sbk_error *err);

/*
 * Whether the entries of a grant can be kept exactly where `path` is. One
 * refusal with the reason and what to do: SBK_E_UNSUPPORTED for a filesystem
 * without ACLs, of another machine or served by a program, SBK_E_DENIED for a
 * read-only one.
 */
int sbk_os_can_grant(const char *path, struct sbk_error *err);

/*
 * The absolute path of `path` with every link resolved, as the system has it.
 * Allocated; the caller frees.
 */
int sbk_os_real_path(const char *path, char **out, struct sbk_error *err);

/* Reads a file of at most `max` bytes, without following a final link. */
int sbk_os_read_file(const char *path, size_t max, struct sbk_buf *out,
		     struct sbk_error *err);

/*
 * Paths, as the scope of a run needs them (engine/linux/os_path.c).
 */
enum sbk_file_type {
	SBK_FILE_REGULAR,
	SBK_FILE_DIRECTORY,
	SBK_FILE_LINK,
	SBK_FILE_OTHER /* socket, pipe, device */
};

/*
 * Windows has no numbers and no modes. There `owner` is 0 for the
 * administrators and the system, UINT32_MAX for the caller, as in sbk_person,
 * and UINT32_MAX - 1 for anybody else; `mode` has the bits of others as far as
 * the access list lets anybody in who is not one of those and not the owner.
 */
struct sbk_file {
	enum sbk_file_type type;
	uint32_t owner, group, mode, links;
	uint64_t device, number; /* identity while the system runs, no longer */
	uint64_t size;
};

/* What stands at `path`; a final link is not followed. SBK_E_NOTFOUND. */
int sbk_os_look(const char *path, struct sbk_file *out, struct sbk_error *err);

/*
 * Every link of `path` resolved, and what stands there, both from one open
 * descriptor. `real` has SBK_PATH_MAX bytes. SBK_E_NOTFOUND, DENIED, LIMIT.
 */
int sbk_os_resolve(const char *path, char *real, struct sbk_file *out,
		   struct sbk_error *err);

/* Whether the absolute `path`, without "." and "..", is a directory and no
 * link stands on the way: it is its own real path. */
bool sbk_os_is_straight(const char *path);

/* Where the link at `path` points, as written. SBK_E_INVAL: no link. */
int sbk_os_read_link(const char *path, char *out, size_t out_size,
		     struct sbk_error *err);

/*
 * The absolute `path` as what stands there is called: where case and short
 * names do not tell two spellings apart, the directories' own, as far as there
 * is anything; a final link is not followed. Elsewhere, or where it cannot be
 * asked, `path` itself. `out` has SBK_PATH_MAX bytes; it does not fail.
 */
void sbk_os_spelling(const char *path, char *out);

/*
 * As sbk_os_read_file, for a regular file only, with what was opened: the
 * bytes and the owner that one checks are of the same object.
 */
int sbk_os_read_known(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_file *file, struct sbk_error *err);

/*
 * The first bytes of the regular file at the absolute `path`, at most `max`.
 * No link is followed, on the way either; SBK_E_INVAL: no such file.
 */
int sbk_os_read_start(const char *path, size_t max, struct sbk_buf *out,
		      struct sbk_error *err);

/*
 * Names of a directory, without "." and "..", in the system's order; the type
 * is SBK_FILE_OTHER where the system does not say it in passing. `each`
 * returns 0 to go on, 1 to stop, < 0 to fail. SBK_E_LIMIT after `max` names.
 */
typedef int sbk_os_name_fn(void *arg, const char *name, enum sbk_file_type type,
			   struct sbk_error *err);
int sbk_os_list(const char *path, size_t max, sbk_os_name_fn *each, void *arg,
		struct sbk_error *err);

/*
 * The regular files below `root` that have more than one name, found without
 * following a link; mounts are entered. `enter` says whether to look into a
 * directory; `found` gets each file; `closed` each directory that could not
 * be looked into (unreadable, or too deep); `secret`, if there is one, each
 * regular file whose name is in the table of secret_files.h, however many names
 * it has. These three return < 0 to fail and are called one at a time; `enter`
 * only looks, and is called by several threads. The order is none. `objects`
 * counts what was looked at; SBK_E_LIMIT above `max`.
 * (engine/linux/link_walk.c)
 */
struct sbk_secret_kind;
struct sbk_os_link_walk {
	bool (*enter)(void *arg, const char *directory);
	int (*found)(void *arg, const char *path, const struct sbk_file *file,
		     struct sbk_error *err);
	int (*closed)(void *arg, const char *directory, struct sbk_error *err);
	int (*secret)(void *arg, const char *path,
		      const struct sbk_secret_kind *kind,
		      struct sbk_error *err);
	void *arg;
	size_t max;
	size_t objects;
};
int sbk_os_walk_links(const char *root, struct sbk_os_link_walk *walk,
		      struct sbk_error *err);

/*
 * The mounts of this process. `root` is the directory of the filesystem that
 * is shown at `point`: the same device and root at two points is the same
 * directory. In the order of mounting; strings live in `arena`. None where a
 * resolved path is identity enough, as on Windows, where a volume in a
 * directory is a reparse point and refused.
 */
struct sbk_os_mount {
	const char *point;
	const char *root;
	uint64_t device;
};
int sbk_os_mounts(struct sbk_arena *arena, struct sbk_os_mount **out,
		  size_t *count, struct sbk_error *err);

/* The resolved path of the running program. `out` has SBK_PATH_MAX bytes. */
int sbk_os_program(char *out, struct sbk_error *err);

/* The caller's environment, NULL-ended, borrowed. */
const char *const *sbk_os_environment(void);

/*
 * Runs a command that a policy names: argv[0] is an absolute path, no shell, a
 * fixed environment, nothing inherited; `input` on its standard input, at most
 * `timeout_ms`, then it is killed. With `root_only` the program and each
 * directory on the way to it must be root's and writable by nobody else.
 * SBK_E_IO where it ended with another code than 0, with the first line of what
 * it said; SBK_E_BUSY, SBK_E_DENIED, SBK_E_NOTFOUND.
 */
int sbk_os_run_command(const char *const *argv, const char *home,
		       const struct sbk_buf *input, int timeout_ms,
		       bool root_only, struct sbk_error *err);
/* One line to the system's log; SBK_E_UNSUPPORTED where nobody listens. */
int sbk_os_log_line(const char *line, struct sbk_error *err);

#endif
