/*
 * What the two halves of the command share: cmd_uninstall.c has the words and
 * root's part, cmd_uninstall_user.c the caller's own.
 */
#ifndef SBK_CMD_UNINSTALL_H
#define SBK_CMD_UNINSTALL_H

#include "engine/os_admin.h"
#include "journal/journal.h"
#include "uninstall/internal.h"

#define SBK_UNINSTALL_PROGRAM "sandbook-setup"

struct sbk_uninstall_options {
	bool dry_run, yes, json, user_only, trust, errand;
	const char *certificate, *log, *seen_key;
	uint64_t limit, seen;
	struct sbk_list skip, leave;
};

int sbk_uninstall_tell(struct sbk_cli *cli, struct sbk_buf *text);
/* A result that cannot be told is found out before anything is done. */
int sbk_uninstall_announce(struct sbk_cli *cli,
			   const struct sbk_uninstall_options *o,
			   struct sbk_error *err);
/* The file's name where none was asked for, or the first one with a number
 * that is free. */
int sbk_uninstall_choose_certificate(const char *wanted,
				     struct sbk_new_file **out,
				     struct sbk_error *err);
/*
 * The caller's own part; the exit code. Where the system asks for an
 * administrator by itself, and the machine has records, the rest is
 * sandbook-setup's then, and after it what was owed of the caller's own is
 * tried once more.
 */
int sbk_uninstall_run_user(struct sbk_cli *cli,
			   const struct sbk_uninstall_options *o);

#endif
