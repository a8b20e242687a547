/*
 * SUBID: the subordinate ids of an enrolled person, one line for each account
 * in /etc/subuid and in /etc/subgid:
 *
 *	1000:550:1	who has uid 1000 may map the account 550, and it alone
 *
 * Object and state:
 *
 *	/etc/subuid:1000:550:1	"line 1000:550:1", newline; or absent
 *	/etc/subuid		"file", newline; or absent: the file itself,
 *				where there was none before setup
 *
 * There is no identity: a line is all that it says. The person is named by
 * number, which newuidmap takes and which holds when the name changes.
 */
#ifndef SBK_LINUX_SUBID_H
#define SBK_LINUX_SUBID_H

#include "engine/limits.h"
#include "engine/linux/accountfile.h"
#include "engine/linux/kinds.h"

#define SBK_SUBID_NAME_MAX 64

/* The two files, /etc/subuid first; ends with NULL. */
extern const char *const sbk_subid_files[];

/* A line of ours: `number` may be mapped by `person`. */
struct sbk_subid {
	const char *file; /* of sbk_subid_files */
	unsigned int person, number;
};

/* The object's name. */
void sbk_subid_name(char out[SBK_SUBID_NAME_MAX],
		    const struct sbk_subid *subid);
/* From an object's name; false where it is none of a line. */
bool sbk_subid_parse(const char *name, struct sbk_subid *out);

/* The states that a plan asks for, for the name of a line or of a file. */
void sbk_subid_encode(struct sbk_buf *out, const char *name);

/*
 * Whether another person's line lets him map `number`: SBK_E_EXISTS, with the
 * line and what to do. `name` is the person's own, by which he may have lines,
 * too. 0 where there is none, or no file.
 */
int sbk_subid_check_unshared(const struct sbk_subid *subid, const char *name,
			     struct sbk_error *err);

#endif
