/*
 * Why sandbook-setup would not begin, as its exit code: all that a front end
 * learns of it before the two have joined their pipe, since the elevated one's
 * window closes with it. The code only chooses one of our own sentences, so
 * whoever could end in its place can say nothing else. Portable.
 */
#ifndef SBK_WINDOWS_SETUP_REFUSAL_H
#define SBK_WINDOWS_SETUP_REFUSAL_H

#include <stdint.h>

#include "engine/error.h"

/* In the order of the checks (setup_check.h). */
enum sbk_setup_refusal {
	SBK_SETUP_LOOK,	      /* a look at the machine failed */
	SBK_SETUP_RESTRICTED, /* by a restricted token */
	SBK_SETUP_SANDBOXED,  /* by a sandbox account */
	SBK_SETUP_PLAIN,      /* not elevated */
	SBK_SETUP_CONTROLLER, /* on a domain controller */
	SBK_SETUP_PASSWORDS,  /* against the policy of passwords */
	SBK_SETUP_LOGONS,     /* against that of logons */
	SBK_SETUP_FIREWALL,   /* where no rule of ours would be in effect */
	SBK_SETUP_PLACE,      /* from a folder that others can write */
	SBK_SETUP_REFUSAL_COUNT
};

/* What sandbook-setup ends with: 230 and so on. */
int sbk_setup_refusal_exit(enum sbk_setup_refusal which);

/*
 * What an exit code of sandbook-setup's means, in a sentence for whoever saw
 * nothing else of it; NULL: no code of ours. Of a refusal `*error` is the
 * SBK_E_* that says the same; else 0.
 */
const char *sbk_setup_refusal_text(uint32_t exit_code, int *error);

#endif
