/*
 * Primitives of the system that only an administrator's commands need,
 * chosen at link time like os.h: engine/linux/os_run_as.c, os_give.c,
 * os_admin.c.
 */
#ifndef SBK_OS_ADMIN_H
#define SBK_OS_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/object.h"
#include "engine/os.h"

/* The longest name of a program's word that is passed on. */
#define SBK_ERRAND_WORDS_MAX 16

/*
 * Runs this program again as exactly `person`: his uid, gid and groups, no
 * capability and no way to gain one, a clean environment, no descriptor, no
 * terminal, no key ring of ours, limits of its own. It is a fresh program and
 * not a fork, since a fork would hand the person all that this process has
 * read (/etc/shadow, say).
 *
 * `argv` are its words, NULL-ended, without the program's name. It answers with
 * `size` bytes (sbk_os_errand_answer), which are copied to `answer` and are
 * worth as much as the person's word.
 *
 * SBK_E_BUSY after `timeout_ms`: it was killed, or, where it hangs in the
 * kernel, left behind. SBK_E_IO where it ended without a whole answer;
 * SBK_E_DENIED without root. Windows starts nothing as somebody without that
 * person's password: SBK_E_UNSUPPORTED, which says what the person has to do;
 * SBK_E_NOTFOUND where that person keeps nothing of ours, so that there is
 * nothing to ask for.
 */
int sbk_os_run_as(const struct sbk_person *person, const char *const *argv,
		  int64_t timeout_ms, void *answer, size_t size,
		  struct sbk_error *err);

/*
 * The same, but what it starts may gain rights by a set-id bit, as what the
 * person starts in a shell may: for trying what a run of that person's can do.
 */
int sbk_os_run_as_able(const struct sbk_person *person, const char *const *argv,
		       int64_t timeout_ms, void *answer, size_t size,
		       struct sbk_error *err);

/*
 * The same for an answer of any length up to `max` bytes, which goes to the end
 * of `out`: for what is read with the person's rights, and by no program of
 * root's. SBK_E_LIMIT where it is longer.
 */
int sbk_os_fetch_as(const struct sbk_person *person, const char *const *argv,
		    int64_t timeout_ms, size_t max, struct sbk_buf *out,
		    struct sbk_error *err);

/* In the program that sbk_os_run_as started: gives the answer; of one that
 * sbk_os_fetch_as started: its next piece. */
int sbk_os_errand_answer(const void *answer, size_t size,
			 struct sbk_error *err);

/*
 * What an object that a principal owns becomes when it owns it no more, from
 * `current`, its access at `path`: owner and group of the directory that holds
 * it (or of the next one above that is nobody's of `principals`), the set-id
 * bits of what is no directory taken off. `next` equals `current` where none of
 * them is its owner or group.
 *
 * The way down to `path` is walked by descriptors, through no link, and each
 * directory on it must be root's, the new owner's or a principal's, so that
 * nobody else can have put another directory in the way. SBK_E_CONFLICT where
 * that is not so, and where the directory that would vouch for the object is
 * one that everyone may write in (/tmp): to give root or a person a file there
 * would make programs trust what the sandbox wrote. SBK_E_NOTFOUND where the
 * path is gone.
 */
int sbk_os_give_back(const char *path, struct sbk_state current,
		     const char *const *principals, size_t count,
		     struct sbk_buf *next, struct sbk_error *err);

/*
 * Whether the object at `path` was last changed in any way before the directory
 * `than` was made: then nothing that was done later made it what it is. A
 * final link is not followed. False where the system cannot tell (on Windows,
 * where whoever may write a file's attributes sets its times), or the object is
 * gone.
 */
bool sbk_os_older(const char *path, const char *than);

/*
 * From here to sbk_os_reach_end this process reaches what its owner hides from
 * administrators: on Windows SeBackupPrivilege, by which all that is opened
 * with backup intent, as each object of a walk, can be read, and
 * SeRestorePrivilege, by which its list can be written and an owner given who
 * is not the caller ("Privilege Constants", "File Security and Access
 * Rights"). Where one is not held, what it would have shown is missed, and
 * told. Root reaches everything as it is. What it returns is for the end,
 * which takes back what this enabled and no more.
 */
unsigned sbk_os_reach_begin(void);
int sbk_os_reach_end(unsigned begun, struct sbk_error *err);

/*
 * Ends all processes of the account `principal` ("u:990"), until none is left;
 * of a group there are none to end. `ended` counts those that were seen.
 * SBK_E_BUSY where they will not go.
 */
int sbk_os_end_processes(const char *principal, size_t *ended,
			 struct sbk_error *err);

/*
 * A file to be made later, in a directory that is held open from now on: what
 * is done to the path meanwhile (uninstall takes its time) leads it nowhere
 * else.
 */
struct sbk_new_file;

/*
 * SBK_E_EXISTS where something stands at `path`, SBK_E_NOTFOUND where there is
 * no such directory, SBK_E_DENIED.
 */
int sbk_os_new_file_prepare(const char *path, struct sbk_new_file **out,
			    struct sbk_error *err);
/* Its absolute path, as it was then; for people. */
const char *sbk_os_new_file_path(const struct sbk_new_file *file);

/*
 * Makes the file, complete and durable the moment it appears, never over
 * another one: SBK_E_EXISTS. It belongs to `owner` where the directory does,
 * else to the caller: in a directory of somebody else's (of root's, say) a
 * file of `owner`'s would be a gift that its owner did not make. Others may
 * read it unless it is `confidential`.
 */
int sbk_os_new_file_make(const struct sbk_new_file *file, const void *data,
			 size_t size, const struct sbk_person *owner,
			 bool confidential, struct sbk_error *err);
void sbk_os_new_file_free(struct sbk_new_file *file); /* NULL is fine */

#endif
