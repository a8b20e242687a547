/*
 * What on this host contradicts that people are enrolled: who else may become
 * an account of ours or has its group's rights, whose number another has too,
 * whose person is gone. The state of each object that setup made is compared
 * elsewhere (audit/drift.h); this is what others put around them.
 *
 * Read from the host alone, as engine/principals.h; changes nothing and needs
 * no right. Linked from the system's folder.
 */
#ifndef SBK_ENROLMENT_H
#define SBK_ENROLMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/error.h"
#include "engine/object.h"
#include "engine/principals.h"

enum sbk_enrolment_flaw_kind {
	SBK_ENROLMENT_LINE,   /* another may become it: a line of his */
	SBK_ENROLMENT_MEMBER, /* another has its group's rights */
	SBK_ENROLMENT_NUMBER, /* another account or group has its number */
	SBK_ENROLMENT_DIGITS, /* somebody is named as the person is numbered */
	SBK_ENROLMENT_PERSON, /* its person is no account any more */
	SBK_ENROLMENT_GROUP, /* it is in a group that setup did not put it in */
	SBK_ENROLMENT_RIGHT, /* it holds a user right that setup did not give */
	SBK_ENROLMENT_COPY   /* another passes for it, by its comment */
};

/* Strings are borrowed during the call. */
struct sbk_enrolment_flaw {
	enum sbk_enrolment_flaw_kind kind;
	const struct sbk_principal *principal; /* of ours */
	const char *object; /* "/etc/subuid line 7"; a name */
	const char *text;   /* one sentence */
	const char *remedy;
};

struct sbk_enrolment_reader {
	/* 0 to go on, < 0 to stop with it. */
	int (*found)(void *arg, const struct sbk_enrolment_flaw *flaw,
		     struct sbk_error *err);
	/* What could not be looked at, and why. */
	int (*missed)(void *arg, const char *place, const char *why,
		      struct sbk_error *err);
	void *arg;
};

/* *count: how many principals were looked at. */
int sbk_enrolment_check(const struct sbk_enrolment_reader *reader,
			size_t *count, struct sbk_error *err);

/* The path of the program that setup gives a set-id bit, for this
 * installation. SBK_E_NOTFOUND on a system that has no such bit. */
int sbk_enrolment_program(char *out, size_t out_size, struct sbk_error *err);
/* Whether a state of kind ACCESS has that bit. */
bool sbk_enrolment_has_bit(struct sbk_state access);

#endif
