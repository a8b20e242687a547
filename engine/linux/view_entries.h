/*
 * What a view is made from: one entry for each path that the run sees or must
 * not see, the scope's and our own places (/proc, /dev, /tmp, $HOME) in one
 * list. Pure, as view.h.
 */
#ifndef SBK_LINUX_VIEW_ENTRIES_H
#define SBK_LINUX_VIEW_ENTRIES_H

#include "engine/policy.h"

enum sbk_entry_kind {
	SBK_ENTRY_DENY, /* ordered: of two for one path the first one stands */
	SBK_ENTRY_PROTECT,
	SBK_ENTRY_RO,
	SBK_ENTRY_RW,
	SBK_ENTRY_PIN, /* a writable directory that may not be renamed */
	SBK_ENTRY_PRIVATE,
	SBK_ENTRY_DEVICE,
	SBK_ENTRY_PROC,
	SBK_ENTRY_DEVPTS,
	SBK_ENTRY_LINK,
	SBK_ENTRY_DROPPED
};

struct sbk_view_entry {
	enum sbk_entry_kind kind;
	const char *path;
	const char *target;
	unsigned int mode;
	bool is_directory;
	bool is_link; /* itself a symbolic link, held in place */
	bool optional;
	uint64_t device, number;
};

struct sbk_view_entries {
	struct sbk_view_entry *items;
	size_t count, capacity;
	struct sbk_arena *arena; /* of strings made here; borrowed */
};

/*
 * The entries for `scope`: at most one for a path, sorted so that what lies
 * below an entry follows it without a gap, links resolved, and the
 * directories that must not be renamed among them. On failure nothing is to
 * be released. SBK_E_INVAL, LIMIT, NOMEM.
 */
int sbk_view_entries_make(const struct sbk_scope *scope,
			  struct sbk_arena *arena, struct sbk_view_entries *out,
			  struct sbk_error *err);
void sbk_view_entries_release(struct sbk_view_entries *list);

/* Whether a tree of the host stands there, and whether it may be written.
 * NULL: nothing stands there. */
bool sbk_entry_shows_host(const struct sbk_view_entry *entry);
bool sbk_entry_is_writable(const struct sbk_view_entry *entry);

#endif
