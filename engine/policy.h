/*
 * Policy: what a run may do, as people write it, and the scope that comes out
 * of it once every path is resolved on this machine.
 *
 *	policy.c         the model, profiles, layers (machine, user, project)
 *	policy_json.c    text to model, with line, column and nearest key
 *	policy_scope.c   model to scope: paths resolved, guards (DESIGN part 7)
 *
 * Files, from the strongest: /etc/sandbook/policy.json (machine),
 * ~/.config/sandbook/policy.json (user; the home that the account database
 * names), ROOT/.sandbook.json (project, which may only narrow). The schema is
 * engine/policy.schema.json; the manual page is sandbook-policy(5).
 */
#ifndef SBK_POLICY_H
#define SBK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/cli.h"
#include "engine/error.h"
#include "engine/os.h"

enum sbk_network {
	SBK_NETWORK_OFF,      /* no interface at all */
	SBK_NETWORK_LOOPBACK, /* a loopback of its own */
	SBK_NETWORK_ON	      /* the host's network */
};

const char *sbk_network_name(enum sbk_network network);

/* What people ask for on the command line, common to plan and run. */
struct sbk_policy_request {
	const char *profile;   /* -p; NULL: the policy's default */
	const char *config;    /* --config FILE in place of the user's file */
	const char *directory; /* -C; NULL: the current directory */
	struct sbk_list rw, ro, deny, protect; /* paths as written */
	struct sbk_list keep_env, set_env, unset_env;
	bool clear_env;
	bool no_net, net, loopback;
	bool best_effort;
	uint64_t timeout_s, memory_mib, processes; /* 0: as the policy says */
};

extern const struct sbk_option sbk_policy_options[]; /* of the struct above */

enum sbk_access_kind {
	SBK_ACCESS_RO,	    /* readable */
	SBK_ACCESS_RW,	    /* readable and writable */
	SBK_ACCESS_PROTECT, /* readable, never written, renamed or deleted */
	SBK_ACCESS_DENY	    /* not visible: an empty file or directory stands
			       in its place inside the run */
};

/* One resolved path of a scope. */
struct sbk_scope_path {
	const char *path; /* where the run sees it: absolute, no "." or ".." */
	const char *target; /* what is shown there: resolved, no link in it */
	const char *reason; /* "policy", "profile node", "system", "PATH" ... */
	enum sbk_access_kind kind;
	bool is_directory;
	bool optional; /* missing is no error */
};

/*
 * What a run may do, resolved. `paths` is sorted so that a parent stands
 * before what is below it; the deepest entry above an object decides.
 */
struct sbk_scope {
	struct sbk_arena arena; /* owns all strings */
	struct sbk_scope_path *paths;
	size_t path_count;
	/* Protected names that do not exist (ROOT/.git ...): reported when
	 * they appear during the run. */
	const char **absent_protected;
	size_t absent_count;
	const char *profile;
	const char *directory; /* the working directory, in the scope */
	struct sbk_person person;
	enum sbk_network network;
	char **environment; /* NULL-ended, "NAME=value" */
	uint64_t timeout_s, memory_mib, processes; /* 0: none */
	bool best_effort;
	const char **notes; /* what a person should know: hard links, tools */
	size_t note_count;
};

/*
 * Reads the policy files, applies the request, resolves and guards every
 * path. Errors: SBK_E_PARSE (file, line, column, nearest key), SBK_E_INVAL
 * (a refused or impossible scope, one line with path and remedy), NOTFOUND,
 * DENIED, LIMIT. `environment` is the caller's (NULL-ended).
 */
int sbk_scope_resolve(const struct sbk_policy_request *request,
		      const struct sbk_person *person,
		      const char *const *environment, struct sbk_scope *out,
		      struct sbk_error *err);
void sbk_scope_release(struct sbk_scope *scope);

/* Readable and writable paths, network, environment, limits: what `plan`
 * prints before anything happens. */
void sbk_scope_print(const struct sbk_scope *scope, struct sbk_buf *out);
/* The same as members of an open JSON object. */
void sbk_scope_print_json(const struct sbk_scope *scope, struct sbk_buf *out);

/*
 * The guards for a path that is about to be granted, in a run or by an ACL:
 * forbidden roots and other users' files are SBK_E_INVAL with path, principal
 * or "the run", right and remedy. `real` is the resolved path.
 */
int sbk_scope_guard(const char *real, bool writable,
		    const struct sbk_person *person, struct sbk_error *err);

/*
 * The sensitive paths of a person that exist (DESIGN part 7), resolved, with
 * what ~/.ssh/config refers to. Strings live in `arena`.
 */
int sbk_sensitive_paths(const struct sbk_person *person,
			struct sbk_arena *arena, const char ***paths,
			size_t *count, struct sbk_error *err);

#endif
