/*
 * How the passwords of new accounts come from the elevated sandbook-setup to
 * the user for whom they were made (WINDOWS.md part 6, "Credentials"), also
 * when another administrator elevates: DPAPI is the user's own, so the user's
 * own process has to keep them.
 *
 *	sandbook.exe, the user's            sandbook-setup.exe, elevated
 *	sbk_handover_offer: makes the pipe
 *	starts it by runas with the name ─▶ sbk_handover_join: whose pipe it is
 *	sbk_handover_accept: who joined     (accounts are made, disabled)
 *	sbk_handover_receive  ◀── secrets ─ sbk_handover_give
 *	(kept in the user's journal)
 *	sbk_handover_prove    ── proofs ──▶    0: each opens
 *	                                    (accounts are enabled)
 *	sbk_handover_ended    ◀── end ───── sbk_handover_end
 *	setup has ended: the machine is looked at
 *
 * Any message may be lost, and either process may end, at any moment. Up to the
 * proofs setup decides, which enables nothing without them; after them the user
 * does not believe what is said, or not said: when setup's process has ended,
 * an account is enabled, and its secret stays, or it is not, and the secret is
 * undone (kept.h). The end is words for people.
 *
 * The pipe has one instance, takes no remote client, and its DACL names SYSTEM,
 * the user and the administrators. Each side takes the other for hostile until
 * it knows: the user's side wants the process that it started, with
 * Administrators enabled in its token; setup wants a pipe that *belongs* to the
 * person, which nobody without SeRestorePrivilege can make for another.
 *
 * A message is of a fixed form, of one size, so that nothing is parsed
 * (handover_rules.c, portable). Whatever is not due ends it.
 */
#ifndef SBK_WINDOWS_HANDOVER_H
#define SBK_WINDOWS_HANDOVER_H

#include <windows.h>

#include "engine/windows/handover_rules.h"

struct sbk_handover; /* either side of it; wiped when it is closed */

/* NULL is fine. */
void sbk_handover_close(struct sbk_handover *handover);

/* --- the user's side ----------------------------------------------------- */

/* `name` is what sandbook-setup is started with: SBK_HANDOVER_NAME_SIZE bytes,
 * "sandbook-" and 32 hexadecimal digits. */
int sbk_handover_offer(struct sbk_handover **out,
		       char name[SBK_HANDOVER_NAME_SIZE],
		       struct sbk_error *err);
/*
 * Waits for `setup`, the process as it was started (SEE_MASK_NOCLOSEPROCESS),
 * to join: SBK_E_BUSY after `milliseconds`, SBK_E_NOTFOUND where it ended
 * without, SBK_E_DENIED for another process, or one that is not elevated.
 */
int sbk_handover_accept(struct sbk_handover *handover, HANDLE setup,
			DWORD milliseconds, struct sbk_error *err);
/*
 * The secrets, which stay the handover's; NULL: setup is done and there was
 * nothing to hand over. SBK_E_INCOMPLETE: it gave up, or ended; `err` has its
 * reason where it gave one.
 */
int sbk_handover_receive(struct sbk_handover *handover, DWORD milliseconds,
			 const struct sbk_handover_secrets **out,
			 struct sbk_error *err);
/* Opens each from `store` (sbk_secret_open), and shows setup that it did. */
int sbk_handover_prove(struct sbk_handover *handover,
		       const struct sbk_store *store, struct sbk_error *err);
/* Instead of a proof: why there is none. Fails in silence, as who asks does. */
void sbk_handover_refuse(struct sbk_handover *handover, const char *why);
/* What setup says of its end. 0: the accounts are enabled. SBK_E_INCOMPLETE: it
 * undid them, with its reason, or the pipe ended. */
int sbk_handover_ended(struct sbk_handover *handover, DWORD milliseconds,
		       struct sbk_error *err);
/* The reason that setup gave, borrowed; NULL: none was heard. */
const char *sbk_handover_why(const struct sbk_handover *handover);

/* --- setup's side -------------------------------------------------------- */

/*
 * Opens the pipe of this name. `person` is whose it is: who is to be enrolled.
 * SBK_E_INVAL for a name of another form, SBK_E_DENIED where the pipe's access
 * list lets others in.
 */
int sbk_handover_join(const char *name, struct sbk_handover **out,
		      struct sbk_sid *person, struct sbk_error *err);
/*
 * Gives the secrets and waits for the proofs. 0: the user has kept them and
 * they open. SBK_E_INCOMPLETE with the user's own words where not.
 */
int sbk_handover_give(struct sbk_handover *handover,
		      const struct sbk_handover_secrets *secrets,
		      DWORD milliseconds, struct sbk_error *err);
/* How setup ended; `why` NULL: well. */
int sbk_handover_end(struct sbk_handover *handover, const char *why,
		     struct sbk_error *err);

#endif
