/*
 * A host with the backend and two people, for the tests of setup.
 */
#ifndef SBK_TEST_SETUP_WORLD_H
#define SBK_TEST_SETUP_WORLD_H

#include "engine/plan_setup.h"
#include "tests/linux/host_test.h"

/* The account files and their copies, aside and back as they were. */
#define SAVE "rm -rf /run/etc && cp -a /etc /run/etc"
#define RESTORE                                                                \
	"cd /run/etc && for f in passwd group shadow gshadow subuid subgid; "  \
	"do cp -a $f /etc/; rm -f /etc/$f-; [ ! -e $f- ] || cp -a $f- /etc/; " \
	"done"

struct world {
	struct sbk_backend backend;
	struct sbk_person person, other;
	char *before;
};

void world_init(struct world *w);
void world_release(struct world *w);
/* The plan that enrols the person; the test fails where there is none. */
struct sbk_plan *plan_for(struct world *w, const struct sbk_person *person);
/* The same, carried out. */
struct sbk_plan *set_up(struct world *w, const struct sbk_person *person);

#endif
