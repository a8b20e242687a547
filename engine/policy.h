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
#include "engine/secret_files.h"

enum sbk_network {
	SBK_NETWORK_OFF,      /* no interface at all */
	SBK_NETWORK_LOOPBACK, /* a loopback of its own */
	SBK_NETWORK_ON	      /* the host's network */
};

const char *sbk_network_name(enum sbk_network network);

/* Whether a run is to be the sandbox account's, where the person has one. */
enum sbk_account_wish {
	SBK_ACCOUNT_WISH_AUTO, /* where it can be had */
	SBK_ACCOUNT_WISH_REQUIRE,
	SBK_ACCOUNT_WISH_OFF
};

/* Whether its accounts have passwords that their person's programs could read:
 * Windows. Linked from the system's folder. */
extern const bool sbk_accounts_have_passwords;

/* How the account is to get what is the person's. */
enum sbk_grant_way {
	SBK_GRANT_MOUNT, /* by mounts that map it, or not at all */
	SBK_GRANT_ACL	 /* where those cannot, by entries of ACLs */
};

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
	bool account, no_account; /* require it; go without it */
	bool withhold_passwords;  /* of the accounts, so that it can */
	const char *grant;	  /* "mount", "acl"; NULL: as the policy says */
	uint64_t timeout_s, memory_mib, processes; /* 0: as the policy says */
};

void sbk_policy_request_release(struct sbk_policy_request *request);

/*
 * The options of the struct above, as rows of a command's table: `outer` is
 * the command's struct, `member` the request in it.
 *
 *	static const struct sbk_option options[] = {
 *		SBK_POLICY_OPTIONS(struct run_arguments, policy),
 *		{.name = "status-fd", ...},
 *		{.name = NULL},
 *	};
 */
#define SBK_POLICY_OPTION(outer, member, field, kind, text, arg, key, words) \
	{                                                                    \
		.name = (text), .argument = (arg), .help = (words),          \
		.offset = offsetof(outer, member) +                          \
			  offsetof(struct sbk_policy_request, field),        \
		.letter = (key), .type = SBK_OPTION_##kind                   \
	}
#define SBK_POLICY_OPTIONS(outer, member)                                      \
	SBK_POLICY_OPTION(outer, member, directory, TEXT, "cd", "DIR", 'C',    \
			  "work in DIR, the writable root"),                   \
		SBK_POLICY_OPTION(outer, member, profile, TEXT, "profile",     \
				  "NAME", 'p',                                 \
				  "use this profile of the policy"),           \
		SBK_POLICY_OPTION(outer, member, config, TEXT, "config",       \
				  "FILE", 0,                                   \
				  "read FILE in place of your policy file"),   \
		SBK_POLICY_OPTION(outer, member, rw, LIST, "rw", "PATH", 0,    \
				  "may be read and written"),                  \
		SBK_POLICY_OPTION(outer, member, ro, LIST, "ro", "PATH", 0,    \
				  "may be read"),                              \
		SBK_POLICY_OPTION(outer, member, deny, LIST, "deny", "PATH",   \
				  0, "is not shown, wherever it lies"),        \
		SBK_POLICY_OPTION(outer, member, protect, LIST, "protect",     \
				  "NAME", 0,                                   \
				  "stays as it is in every writable root"),    \
		SBK_POLICY_OPTION(outer, member, no_net, FLAG, "no-net", NULL, \
				  0, "no network at all (the default)"),       \
		SBK_POLICY_OPTION(outer, member, loopback, FLAG, "loopback",   \
				  NULL, 0,                                     \
				  "a loopback of its own, nothing else"),      \
		SBK_POLICY_OPTION(outer, member, net, FLAG, "net", NULL, 0,    \
				  "the machine's network"),                    \
		{.name = "allow-domain",                                       \
		 .argument = "DOMAIN",                                         \
		 .help = "not built yet: refused",                             \
		 .type = SBK_OPTION_CALL,                                      \
		 .call = sbk_policy_refuse_domain},                            \
		SBK_POLICY_OPTION(                                             \
			outer, member, keep_env, LIST, "keep-env", "NAME", 0,  \
			"pass this variable on (\"LC_*\" is a pattern)"),      \
		SBK_POLICY_OPTION(outer, member, set_env, LIST, "env",         \
				  "NAME=VALUE", 0, "set this variable"),       \
		SBK_POLICY_OPTION(outer, member, unset_env, LIST, "unset-env", \
				  "NAME", 0, "take this variable out"),        \
		SBK_POLICY_OPTION(outer, member, clear_env, FLAG, "clear-env", \
				  NULL, 0,                                     \
				  "keep no variable but those of --keep-env"), \
		SBK_POLICY_OPTION(outer, member, timeout_s, NUMBER, "timeout", \
				  "SECONDS", 0, "end the run after so long"),  \
		SBK_POLICY_OPTION(outer, member, memory_mib, NUMBER, "memory", \
				  "MIB", 0,                                    \
				  "memory limit of each process of the run"),  \
		SBK_POLICY_OPTION(outer, member, processes, NUMBER,            \
				  "max-procs", "N", 0,                         \
				  "limit on processes at a time"),             \
		SBK_POLICY_OPTION(outer, member, best_effort, FLAG,            \
				  "best-effort", NULL, 0,                      \
				  "go on without a guarantee, and say so"),    \
		SBK_POLICY_OPTION(outer, member, account, FLAG, "account",     \
				  NULL, 0,                                     \
				  "refuse where the sandbox account is not "   \
				  "to be had"),                                \
		SBK_POLICY_OPTION(outer, member, no_account, FLAG,             \
				  "no-account", NULL, 0,                       \
				  "run without the sandbox account"),          \
		SBK_POLICY_OPTION(outer, member, withhold_passwords, FLAG,     \
				  "withhold-passwords", NULL, 0,               \
				  "Windows: make the accounts' passwords "     \
				  "worthless first"),                          \
		SBK_POLICY_OPTION(outer, member, grant, TEXT, "grant", "WAY",  \
				  0,                                           \
				  "acl: by ACLs where a mount cannot give it")

/* --allow-domain is known and refused: SBK_E_UNSUPPORTED. */
int sbk_policy_refuse_domain(void *into, const char *value,
			     struct sbk_error *err);

enum sbk_access_kind {
	SBK_ACCESS_RO,	    /* readable */
	SBK_ACCESS_RW,	    /* readable and writable */
	SBK_ACCESS_PROTECT, /* readable, never written, renamed or deleted */
	SBK_ACCESS_DENY	    /* not visible: an empty file or directory stands
			       in its place inside the run */
};

/*
 * One resolved path of a scope.
 *
 * path == target: an entry proper. The run shows the object there, at its own
 * resolved place. Whoever builds the run also keeps the names of the
 * directories between a writable entry and one below it that is not: else what
 * stands there could be moved away with them, and another put in its place.
 *
 * path != target: an alias. `path` is where people and tools look and where
 * the host has a link on the way; the run makes a symbolic link at `path` to
 * `target`. The target is always within an entry proper, and no entry stands
 * at or above an alias.
 *
 * is_link: `path` is itself a symbolic link in a writable root, and its name
 * is protected: it is to be held in place without being followed.
 */
struct sbk_scope_path {
	const char *path; /* where the run sees it: absolute, no "." or ".." */
	const char
		*target; /* the same, or where an alias leads: no link in it */
	const char
		*reason; /* "--rw", "profile 'node'", "system", "PATH: nvm" */
	enum sbk_access_kind kind;
	bool is_directory;
	bool is_link;
	bool optional; /* found, not asked for: missing is no error */
	/* Of the object that was looked at, where it must be the one that the
	 * run shows (writable and asked-for entries); 0: any. */
	uint64_t device, number;
};

/*
 * A writable root on a system whose roots have principals of their own
 * (root_principal.h): what of the journal's grants the run holds there.
 */
struct sbk_run_root {
	const char *path;
	const char *principal; /* NULL: the run writes nothing there, */
	const char *missing;   /* and why, with the remedy */
	const char *planned;   /* that the run's own grant is to give it */
};

/*
 * What a run may do, resolved. `paths` is sorted so that a parent stands
 * before what is below it; the deepest entry above an object decides, and
 * where no entry is above it, it is not visible (the person's home is an
 * empty, private directory).
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
	size_t objects; /* in the writable roots, looked at for hard links */
	/* Files that mostly hold secrets, met in what is writable: those that
	 * are shown, and the keys that are not. */
	struct sbk_secret_list secrets, hidden;
	bool best_effort;
	enum sbk_account_wish account;
	bool withholds; /* passwords that are kept, before the run; OFF alone */
	enum sbk_grant_way grant;
	/* Paths that the account gets by ACL entries: run_grant.h. */
	const char **granted;
	size_t granted_count;
	const char *grant_refused; /* why those could not be, or NULL */
	/* Filled by sbk_run_roots_find; none where roots have no principals. */
	struct sbk_run_root *roots;
	size_t root_count;
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
/* One more of its notes; `note` lives as long as the scope. SBK_E_NOMEM. */
int sbk_scope_add_note(struct sbk_scope *scope, const char *note,
		       struct sbk_error *err);

/* Readable and writable paths, network, environment, limits: what `plan`
 * prints before anything happens. `account`: whose run it is where that has no
 * view of its own (sbk_account_forecast_outside), or NULL. */
void sbk_scope_print(const struct sbk_scope *scope, const char *account,
		     struct sbk_buf *out);
/* The same as members of an open JSON object. */
/* A member "limits" of an open object, with those that are set. */
void sbk_scope_print_json_limits(const struct sbk_scope *scope,
				 struct sbk_buf *out);
void sbk_scope_print_json(const struct sbk_scope *scope, struct sbk_buf *out);

/*
 * The guards for a path that is about to be granted, in a run or by an ACL:
 * forbidden roots, sensitive places and other users' files are SBK_E_INVAL
 * with path, right and remedy. By resolved identity: links in `real` are
 * followed first, and a bind mount of a place is that place.
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

/* sandbook plan */
extern const struct sbk_command sbk_command_plan;

/*
 * The command that is told of each new checkpoint (key "anchor"): of the
 * machine's log from the machine's file, of `person`'s from that person's own
 * file at its fixed place; never from a project's, and not from --config. The
 * words and the list, which ends with NULL, live in `arena`; *words NULL: none
 * is named.
 */
int sbk_policy_anchor(const struct sbk_person *person, struct sbk_arena *arena,
		      const char *const **words, struct sbk_error *err);

#endif
