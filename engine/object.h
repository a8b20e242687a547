/*
 * Objects, identities and states: what may be changed, what names it beyond
 * its path, and what it is now (DESIGN part 2).
 *
 * An identity and a state are texts. Only the system's backend reads meaning
 * into an identity; each kind of object has one canonical encoding of its
 * state, so that equal states are equal bytes and the journal can store each
 * one once. The empty state is *absent*.
 */
#ifndef SBK_OBJECT_H
#define SBK_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/buf.h"
#include "engine/error.h"

/*
 * The kinds of objects, with their names in the journal and for people.
 *
 * ACCESS     owner, group, mode and ACLs of a path that exists already
 * FILE       a file that we create: its access and its content
 * DIRECTORY  a directory that we create: its access
 * LINK       a symbolic link that we create: its target
 * GROUP      a system group that we create
 * ACCOUNT    a system account that we create
 * SUBID      a line of /etc/subuid or /etc/subgid that we add, or that file
 *            where there was none
 * FIREWALL   a firewall table that we create
 * FILTERS    the network filters of an installation (Windows)
 * PROFILE    a security profile that we load into the kernel
 * MEMBER     an account that we put into a group (Windows)
 * LOGON      that an account may log on: it is enabled (Windows)
 * RIGHT      a user right that we add to an account (Windows)
 * REGISTRY   a value, or an empty key, of the registry that we add (Windows)
 * FOLDER     the profile of an account that we make: its folder, and its key in
 *            the system's list (Windows)
 * KEPT       a file that a system tool overwrites in passing, put back by us;
 *            its content may be secret, so its states are sealed
 * SECRET     the password of an account, which the user for whom it was made
 *            keeps (Windows); its state says which one, never what it is
 * DESCRIPTOR the security descriptor of an object of a mounted NTFS volume,
 *            from which entries are taken
 */
#define SBK_KIND_MAP(X)             \
	X(ACCESS, "access")         \
	X(FILE, "file")             \
	X(DIRECTORY, "directory")   \
	X(LINK, "link")             \
	X(GROUP, "group")           \
	X(ACCOUNT, "account")       \
	X(SUBID, "subid")           \
	X(FIREWALL, "firewall")     \
	X(FILTERS, "filters")       \
	X(PROFILE, "profile")       \
	X(MEMBER, "member")         \
	X(LOGON, "logon")           \
	X(RIGHT, "right")           \
	X(REGISTRY, "registry")     \
	X(KEPT, "kept")             \
	X(SECRET, "secret")         \
	X(DESCRIPTOR, "descriptor") \
	X(FOLDER, "folder")

enum sbk_kind {
#define SBK_KIND_ENUM(name, text) SBK_KIND_##name,
	SBK_KIND_MAP(SBK_KIND_ENUM)
#undef SBK_KIND_ENUM
		SBK_KIND_COUNT
};

const char *sbk_kind_name(enum sbk_kind kind);
/* 0 and the kind, or SBK_E_NOTFOUND. */
int sbk_kind_parse(const char *name, enum sbk_kind *out);
/* Whether states of this kind are kept from readers of the journal. */
bool sbk_kind_sealed(enum sbk_kind kind);

struct sbk_object {
	enum sbk_kind kind;
	const char *name;     /* absolute path, or the account's, group's,
				 table's name; bytes as the system has them */
	const char *identity; /* NULL while absent, or where the name is all */
};

/* What tells it from others of its kind: identity or, without one, name. */
const char *sbk_object_key(const struct sbk_object *object);
/* By kind, then by key: < 0, 0 (the same object), > 0. */
int sbk_object_compare(const struct sbk_object *a, const struct sbk_object *b);

/* Bytes in the kind's canonical encoding; size 0 is *absent*. */
struct sbk_state {
	const char *data;
	size_t size;
};

#define SBK_STATE_ABSENT ((struct sbk_state){.data = "", .size = 0})

bool sbk_state_absent(struct sbk_state state);
bool sbk_state_equal(struct sbk_state a, struct sbk_state b);

/*
 * A pool that holds each distinct state once, so that a plan for 100,000
 * files with one ACL holds one state and equal states have equal addresses.
 */
struct sbk_state_pool;

struct sbk_state_pool *sbk_state_pool_new(void); /* NULL: no memory */
void sbk_state_pool_free(struct sbk_state_pool *pool);
/* 0 and the pooled state, borrowed until the pool is freed; SBK_E_NOMEM,
 * SBK_E_LIMIT above SBK_STATE_BYTES_MAX. */
int sbk_state_pool_intern(struct sbk_state_pool *pool, struct sbk_state state,
			  struct sbk_state *out, struct sbk_error *err);
size_t sbk_state_pool_count(const struct sbk_state_pool *pool);

#endif
