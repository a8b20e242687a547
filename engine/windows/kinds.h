/*
 * The kinds of objects on Windows: one struct of operations each, joined by the
 * table in engine/windows/backend.c.
 *
 *	access_kind.c  ACCESS, DESCRIPTOR
 *	                               right.c     RIGHT
 *	account.c      ACCOUNT, GROUP  logon.c     LOGON
 *	member.c       MEMBER          registry.c  REGISTRY
 *	filters.c      FILTERS         firewall.c  FIREWALL
 *	secret_kind.c  SECRET          user_profile.c FOLDER
 *
 * Each operation keeps the contract of its slot in engine/backend.h. `out`
 * and `next` come in empty and are looked at only where 0 is returned.
 */
#ifndef SBK_WINDOWS_KINDS_H
#define SBK_WINDOWS_KINDS_H

#include "engine/backend.h"

/* What the backend keeps between two calls. */
struct sbk_host;

struct sbk_host_kind {
	int (*observe)(struct sbk_host *host, const struct sbk_object *object,
		       struct sbk_observation *out, struct sbk_error *err);
	int (*replace)(struct sbk_host *host, const struct sbk_object *object,
		       struct sbk_state expected, struct sbk_state next,
		       struct sbk_error *err);
	/* NULL: the whole object is ours, so nothing can be subtracted, and
	 * the backend answers SBK_E_CONFLICT. */
	int (*subtract)(struct sbk_host *host, const struct sbk_change *change,
			struct sbk_state current, struct sbk_buf *next,
			struct sbk_error *err);
};

extern const struct sbk_host_kind sbk_host_access;
extern const struct sbk_host_kind sbk_host_account; /* and GROUP */
extern const struct sbk_host_kind sbk_host_descriptor;
extern const struct sbk_host_kind sbk_host_filters;
extern const struct sbk_host_kind sbk_host_firewall;
extern const struct sbk_host_kind sbk_host_folder;
extern const struct sbk_host_kind sbk_host_logon;
extern const struct sbk_host_kind sbk_host_member;
extern const struct sbk_host_kind sbk_host_registry;
extern const struct sbk_host_kind sbk_host_right;
extern const struct sbk_host_kind sbk_host_secret;

#endif
