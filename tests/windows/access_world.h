/*
 * A tree on the simulated volume that is granted to a sandbox account, for the
 * tests of access on Windows.
 *
 *	C:/ws              D:AI, explicit entries of its owner
 *	C:/ws/a            inherits
 *	C:/ws/a/file       inherits
 *	C:/ws/b            a file, its list older than automatic inheritance
 *	C:/ws/secret       its list is protected: no grant reaches it
 *	C:/ws/secret/key
 */
#ifndef SBK_TEST_ACCESS_WORLD_H
#define SBK_TEST_ACCESS_WORLD_H

#include "engine/apply.h"
#include "tests/support/recorder.h"
#include "tests/windows/sim.h"

#define WS                                                       \
	"O:" SIM_USER "G:" SIM_USER "D:AI(A;OICI;FA;;;" SIM_USER \
	")(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)"
#define OLD "O:" SIM_USER "G:" SIM_USER "D:(A;;FR;;;WD)(A;;FA;;;" SIM_USER ")"
#define SECRET "O:" SIM_USER "G:" SIM_USER "D:PAI(A;OICI;FA;;;" SIM_USER ")"

struct granted {
	struct sim *sim;
	struct sbk_backend backend;
	struct sbk_plan *plan, *inverse;
	struct recorded recorded;
	struct sbk_buf start;
	size_t locked; /* objects that are protected from the grant */
};

/* The world, not granted yet; and the end of it, when no handle may be open. */
struct granted *access_begin(void);
void access_end(struct granted *g);
/* The same with the grant made. */
int access_setup(void **state);
int access_teardown(void **state);
/* A backend that knows nothing yet, as a new process has. */
int access_open_backend(struct granted *g, struct sbk_error *err);
int access_apply(struct granted *g, struct sbk_plan *plan,
		 enum sbk_transaction_kind kind, struct sbk_error *err);
/* Plans and makes the grant of C:/ws to the account. */
int access_grant(struct granted *g, struct sbk_error *err);
/* Undoes what was recorded; how many changes that took. */
size_t access_undo(struct granted *g);
const struct sbk_change *access_change_of(struct granted *g, const char *path);
void assert_access_world(struct granted *g, const char *expected);
void assert_access_sddl(struct granted *g, const char *path,
			const char *expected);

#endif
