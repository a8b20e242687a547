/*
 * Where the host's own records mention an account or a group: the account
 * files with their copies and subordinate ids, the firewall, the running
 * processes; and files of ours at fixed places. Files that carry an entry or
 * an owner are the walk's (backend.h), not these.
 *
 * Linked from the system's folder.
 */
#ifndef SBK_MENTIONS_H
#define SBK_MENTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/object.h"

/* One mention: a name, numbers, or a SID. Strings are borrowed during the call.
 */
struct sbk_mention {
	enum sbk_mention_place {
		SBK_MENTION_ACCOUNT, /* an account file or a copy of one */
		SBK_MENTION_RULE,    /* a firewall table */
		SBK_MENTION_PROCESS, /* runs as it */
		SBK_MENTION_FILE,    /* a file of ours; mentions nobody */
		/* Windows alone, where `object` is what is named: */
		SBK_MENTION_MEMBER,  /* a group that it is in */
		SBK_MENTION_RIGHT,   /* a user right that it holds */
		SBK_MENTION_PROFILE, /* its profile's directory */
		SBK_MENTION_HIDDEN,  /* the account of this name is not shown
					at sign-in */
		/* an object of the Filtering Platform; one of ours that names
		 * nobody is named by its GUID */
		SBK_MENTION_FILTER,
		SBK_MENTION_KEY, /* a key that a tool keeps its state in */
		/* the name of an AppContainer, whose SID it is: it names
		 * nobody else */
		SBK_MENTION_PACKAGE
	} place;
	const char *object; /* "/etc/group- line 7", "table inet x chain y" */
	char kind;	    /* 'u': of users, 'g': of groups */
	const char *name;   /* or NULL */
	uint32_t first;	    /* the first of `count` numbers */
	uint32_t count;	    /* 0: no number is mentioned */
	/* Windows alone, NULL elsewhere: */
	const char *sid;    /* whom it names; NULL: nobody, or a name alone */
	const char *detail; /* "Action Block, Dir Out"; or the tool's name */
	/* It says itself that it is of Sandbook: a comment with a nonce that is
	 * sealed with its SID, a grouping, a GUID of the family. */
	bool is_ours;
	/* The object that names it no more once it is taken away, as plans name
	 * it, and that can be put back; NULL: there is none. */
	const char *removable;
	enum sbk_kind removable_kind;
};

/* Each returns 0 to go on, < 0 to stop with it. */
struct sbk_mention_reader {
	int (*found)(void *arg, const struct sbk_mention *mention,
		     struct sbk_error *err);
	/* A place that could not be read, and why. */
	int (*missed)(void *arg, const char *place, const char *why,
		      struct sbk_error *err);
	/* A place that is left out by rule, and why. */
	int (*skipped)(void *arg, const char *place, const char *why,
		       struct sbk_error *err);
	void *arg;
	/* Look into no home: where people may keep root waiting. */
	bool no_homes;
};

/*
 * Calls `reader` for every mention of anybody. Needs root for the shadow files
 * and the firewall; without it they are missed. On Windows accounts and groups
 * come first, then what names them.
 */
int sbk_os_mentions(const struct sbk_mention_reader *reader,
		    struct sbk_error *err);

#endif
