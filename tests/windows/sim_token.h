/*
 * A simulation of restricted tokens in front of the system's own calls, which
 * Wine takes and does nothing with: what CreateRestrictedToken was asked for is
 * kept, and told of the process that is made with it. Written from
 * "CreateRestrictedToken function" and "Restricted Tokens"; the access it gives
 * is decided by engine/ntsec. It proves nothing about Windows.
 *
 * Each call of the tables for tokens and processes is counted, and the n-th one
 * may fail.
 */
#ifndef SBK_TEST_SIM_TOKEN_H
#define SBK_TEST_SIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

enum sim_token_lie {
	SIM_TOKEN_HONEST,
	SIM_TOKEN_UNRESTRICTED, /* as Wine */
	SIM_TOKEN_ONE_SID_LESS,
	SIM_TOKEN_ONE_SID_MORE,
	SIM_TOKEN_PRIVILEGED,
	SIM_TOKEN_ADMINISTRATOR,
	SIM_TOKEN_DEFAULT_DACL, /* is not stored */
	SIM_TOKEN_OUTSIDE_JOB,
	SIM_TOKEN_LIES
};

bool sim_is_wine(void);
void sim_token_begin(void);
void sim_token_end(void);
void sim_token_lie(enum sim_token_lie lie);
/*
 * We are in a job ourselves, and no job with limits of its windows is nested in
 * it ("Nested Jobs"); what is set of a job is kept, and told again.
 */
void sim_token_nest(void);
/* No token has a logon's SID: `code` is what asking for it says. */
void sim_token_no_logon(unsigned code);
/* The n-th call from now, from 1; 0: none. */
void sim_token_fail(unsigned n);
unsigned sim_token_calls(void);
/* Processes that were made since the beginning and have not ended. */
unsigned sim_token_alive(void);
/* Whether this call shall fail, for tables of others beside this one: it is
 * counted with ours. */
bool sim_token_fails(void);
/* Whether a process of this user that has the last restricted token, or the
 * user's own, may do this to what has these self-relative bytes. */
bool sim_token_may_open(const void *descriptor, size_t size, bool restricted,
			uint32_t rights);
/* What the last restricted token may do with a file of the user's that has
 * these entries beside the user's own. */
bool sim_token_may(const char *entries, uint32_t rights);

#endif
