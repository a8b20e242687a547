/*
 * Access checks in a line, for tests: a descriptor in SDDL, a token made from
 * SIDs in text, and what the check says.
 */
#ifndef SBK_TEST_ACCESS_TRY_H
#define SBK_TEST_ACCESS_TRY_H

#include "engine/ntsec/access.h"
#include "engine/ntsec/access_table.h"

#define ANDREW "S-1-5-21-1-2-3-1001"
#define JANE "S-1-5-21-1-2-3-1002"
#define STAFF "S-1-5-21-1-2-3-2001" /* a group */
#define ROOT_A "S-1-9-1-100"	    /* synthetic: of a writable root */
#define ROOT_B "S-1-9-1-200"
#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"
#define CAPABILITY "S-1-15-3-1024-1-2-3-4-5-6-7-8"

#define TRY_SIDS 8

/* A token whose lists are its own. Begin with try_token(). */
struct try_token {
	struct sbk_token token;
	struct sbk_group groups[TRY_SIDS], restricting[TRY_SIDS],
		capabilities[TRY_SIDS];
};

void try_token(struct try_token *it, const char *user);
void try_group(struct try_token *it, const char *sid, uint32_t attributes);
void try_restrict(struct try_token *it, const char *sid);
void try_package(struct try_token *it, const char *sid);
void try_capability(struct try_token *it, const char *sid);

/* Reads the descriptor; its memory lasts until the next but eighth. */
const struct sbk_sd *try_sd(const char *sddl);

struct sbk_access_result
try_access(const char *sddl, const struct try_token *it, uint32_t desired);
struct sbk_access_result try_request(const char *sddl,
				     const struct try_token *it,
				     struct sbk_access_request request);

/* One request, one expected answer; says both where they differ. */
#define assert_answer(sddl, it, desired, expected)                       \
	try_assert_answer((sddl), (it), (desired), (expected), __FILE__, \
			  __LINE__)
#define assert_granted(sddl, it, desired) \
	assert_answer(sddl, it, desired, SBK_ACCESS_GRANTED)
#define assert_denied(sddl, it, desired) \
	assert_answer(sddl, it, desired, SBK_ACCESS_DENIED)
#define assert_undecided(sddl, it, desired) \
	assert_answer(sddl, it, desired, SBK_ACCESS_UNDECIDED)

void try_assert_answer(const char *sddl, const struct try_token *it,
		       uint32_t desired, enum sbk_access_answer expected,
		       const char *file, int line);

#endif
