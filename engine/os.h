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

/* Milliseconds since 1970, UTC. */
int64_t sbk_os_now_ms(void);

/* Where the machine's state is kept: "/var/lib/sandbook". */
const char *sbk_os_machine_directory(void);

/*
 * A person who uses the machine, from the account database alone (never from
 * the environment).
 */
struct sbk_person {
	uint32_t uid, gid;
	char name[64];
	char home[4096];
};

/* The caller: the effective user of this process. */
int sbk_os_caller(struct sbk_person *out, struct sbk_error *err);
int sbk_os_person_by_name(const char *name, struct sbk_person *out,
			  struct sbk_error *err);
/* The person for whom an administrator acts: who called sudo, or the caller. */
int sbk_os_invoking_person(struct sbk_person *out, struct sbk_error *err);

/* Whether this process may make machine-wide changes. */
bool sbk_os_elevated(void);

/* The host, for real. */
int sbk_os_backend(struct sbk_backend *out, struct sbk_error *err);

/*
 * "u:990" and its display name for what people write: an account name, a
 * group as "group:NAME", a number. SBK_E_NOTFOUND when nobody has the name.
 */
int sbk_os_principal(const char *text, char *out, size_t out_size,
		     struct sbk_error *err);

/*
 * The absolute path of `path` with every link resolved, as the system has it.
 * Allocated; the caller frees.
 */
int sbk_os_real_path(const char *path, char **out, struct sbk_error *err);

/* Reads a file of at most `max` bytes, without following a final link. */
int sbk_os_read_file(const char *path, size_t max, struct sbk_buf *out,
		     struct sbk_error *err);

#endif
