/*
 * Handing back on the simulation (sim.h): what an account made in a granted
 * root becomes the person's by the person's own rights, which engine/ntsec
 * decides; what those do not reach stays and is named. Each call of the system
 * fails once, and each is the last one of its process: then it is done again,
 * and each object is as it was or as it is to be at any time.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/hand_back.h"
#include "tests/support/fault.h"
#include "tests/windows/access_world.h"

#include "engine/banned.h"

#define CALLS_MAX 2000
#define RUN "S-1-0x0053424B0002-1-2-3-4"
#define ITS "O:" SIM_ACCOUNT "G:" SIM_ACCOUNT
#define HERS "O:" SIM_USER "G:" SIM_USER
#define BELOW(flags)                                                          \
	"(A;" flags ";FA;;;" SIM_USER ")(A;" flags ";0x1301bf;;;" SIM_ACCOUNT \
	")(A;" flags ";FA;;;SY)(A;" flags ";FA;;;BA)"

static const struct sbk_hand_back_account account = {
	.owner = {SIM_ACCOUNT}, .user = SIM_ACCOUNT, .group = SIM_ACCOUNT};

/* Before and after; NULL: it stays as it is. */
static const struct {
	const char *path;
	bool is_directory;
	const char *before, *after;
} objects[] = {
	{"C:/ws/made", true, ITS "D:AI" BELOW("OICIID"),
	 HERS "D:AI" BELOW("OICIID")},
	/* Moved in from the run's private directory. */
	{"C:/ws/made/moved", false,
	 ITS "D:AI(A;ID;FA;;;" SIM_USER ")(A;ID;0x1301bf;;;" RUN ")",
	 HERS "D:AI" BELOW("ID")},
	/* In a directory that the same call gives another list. */
	{"C:/ws/made/odd", true,
	 ITS "D:AI(D;;0x2;;;" SIM_USER ")(A;OICI;FA;;;" SIM_ACCOUNT
	     ")(A;;FA;;;" SIM_USER ")",
	 HERS "D:AI(A;OICI;FA;;;" SIM_USER ")(A;;FA;;;" SIM_USER
	      ")" BELOW("OICIID")},
	{"C:/ws/made/odd/in", false, ITS "D:AI(A;;FA;;;" SIM_USER ")",
	 HERS "D:AI(A;;FA;;;" SIM_USER ")(A;ID;FA;;;" SIM_USER ")" BELOW("ID")},
	/* She may look at it, and no more; and not even that. */
	{"C:/ws/taken", false, ITS "D:P(A;;FR;;;WD)(A;;FA;;;" SIM_ACCOUNT ")",
	 NULL},
	{"C:/ws/shut", false, ITS "D:P(A;;FA;;;" SIM_ACCOUNT ")", NULL},
	/* A name of it is somewhere else. */
	{"C:/ws/linked", false, ITS "D:AI" BELOW("ID"), NULL},
	{"C:/ws/mine", false, HERS "D:AI(D;;FW;;;" SIM_USER ")", NULL},
};
#define OBJECTS (sizeof(objects) / sizeof(objects[0]))
#define STAY 3 /* of them: taken, shut, linked */
#define GIVEN 4

static struct granted *begin(void)
{
	struct granted *g = access_begin();
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	assert_ok(access_grant(g, &err), &err);
	for (i = 0; i < OBJECTS; i++)
		(void)sim_add(g->sim, objects[i].path, objects[i].is_directory,
			      objects[i].before);
	g->sim->nodes[sim_find(g->sim, "C:/ws/linked")].links = 2;
	return g;
}

static int find(struct granted *g, struct sbk_plan *plan,
		struct sbk_hand_back_left *left, struct sbk_error *err)
{
	static const char *const roots[] = {"C:/ws"};
	struct sbk_hand_back who = {.backend = &g->backend,
				    .account = &account};
	const struct sbk_hand_back_where where = {.roots = roots,
						  .root_count = 1};

	(void)snprintf(who.person.id.text, sizeof(who.person.id.text), "%s",
		       SIM_USER);
	memset(left, 0, sizeof(*left));
	return sbk_hand_back_find(&who, &where, plan, left, err);
}

static int hand_back(struct granted *g, struct sbk_hand_back_left *left,
		     size_t *planned, struct sbk_error *err)
{
	struct sbk_plan *plan = sbk_plan_new();
	int rc = find(g, plan, left, err);

	*planned = sbk_plan_count(plan);
	g->recorded.count = 0;
	if (rc == 0 && *planned > 0)
		rc = access_apply(g, plan, SBK_TRANSACTION_UNDO, err);
	/* The recorder borrows its changes from the plan. */
	g->recorded.count = 0;
	sbk_plan_free(plan);
	return rc;
}

/* As an administrator sees it. */
static bool is_as(struct granted *g, size_t i, const char *sddl)
{
	struct sbk_buf now = SBK_BUF_INIT, wanted = SBK_BUF_INIT;
	const size_t node = sim_find(g->sim, objects[i].path);
	bool same;

	sim_copy(&now, &g->sim->nodes[node].sd);
	sim_set(g->sim, objects[i].path, sddl);
	sim_copy(&wanted, &g->sim->nodes[node].sd);
	same = now.size == wanted.size &&
	       memcmp(now.data, wanted.data, now.size) == 0;
	sim_copy(&g->sim->nodes[node].sd, &now);
	sbk_buf_release(&now);
	sbk_buf_release(&wanted);
	return same;
}

static void assert_done(struct granted *g, unsigned long n)
{
	size_t i;

	for (i = 0; i < OBJECTS; i++)
		if (!is_as(g, i,
			   objects[i].after != NULL ? objects[i].after
						    : objects[i].before))
			fail_msg("at %lu: '%s'", n, objects[i].path);
}

static void assert_each_one_or_the_other(struct granted *g, unsigned long n)
{
	size_t i;

	for (i = 0; i < OBJECTS; i++)
		if (!is_as(g, i, objects[i].before) &&
		    (objects[i].after == NULL ||
		     !is_as(g, i, objects[i].after)))
			fail_msg("at %lu: '%s' is neither", n, objects[i].path);
}

static void test_hand_back__gives_what_she_may_take(void **state)
{
	struct granted *g = begin();
	struct sbk_hand_back_left left;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t planned;

	(void)state;
	assert_ok(hand_back(g, &left, &planned, &err), &err);
	assert_int_equal(planned, GIVEN);
	assert_int_equal(left.count, STAY);
	assert_done(g, 0);
	/* There is nothing more to do; and what stays is told again. */
	assert_ok(hand_back(g, &left, &planned, &err), &err);
	assert_int_equal(planned, 0);
	assert_int_equal(left.count, STAY);
	access_end(g);
}

/* An administrator, whom the root's list lets do all, is told of the link. */
static void test_hand_back__says_why_it_stays(void **state)
{
	struct granted *g = begin();
	struct sbk_hand_back_left left;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t planned;

	(void)state;
	sim_remove(g->sim, "C:/ws/shut");
	assert_ok(hand_back(g, &left, &planned, &err), &err);
	assert_int_equal(left.count, 2);
	assert_string_equal(left.first, "C:/ws/taken");
	assert_non_null(strstr(left.why, "only an administrator"));
	sim_remove(g->sim, "C:/ws/taken");
	assert_ok(hand_back(g, &left, &planned, &err), &err);
	assert_string_equal(left.first, "C:/ws/linked");
	assert_non_null(strstr(left.why, "hard link"));
	access_end(g);
}

/* Whether it ended without meeting call n. */
static bool one_fault(enum fault_mode mode, unsigned long n)
{
	struct granted *g = begin();
	struct sbk_hand_back_left left;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t planned;
	volatile bool met;

	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(g->sim->end) == 0)
		(void)hand_back(g, &left, &planned, &err);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (mode == FAULT_STOP && met) {
		/* A new process: what the old one had in memory is lost. */
		g->backend = (struct sbk_backend){.ops = NULL};
		sim_process_ends(g->sim);
		g->recorded.count = 0;
	}
	assert_each_one_or_the_other(g, n);
	assert_ok(access_open_backend(g, &err), &err);
	assert_ok(hand_back(g, &left, &planned, &err), &err);
	assert_int_equal(left.count, STAY);
	assert_done(g, n);
	access_end(g);
	return !met;
}

static void sweep(enum fault_mode mode)
{
	const unsigned long step = sbk_test_step(5);
	unsigned long n = sbk_test_first(1);

	while (!one_fault(mode, n)) {
		n += step;
		assert_true(n < CALLS_MAX);
	}
	assert_true(n > 50); /* it was swept, and not over nothing */
}

static void test_hand_back__each_call_fails_or_is_the_last(void **state)
{
	(void)state;
	sweep(FAULT_DENY);
	sweep(FAULT_STOP);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_hand_back__gives_what_she_may_take),
	cmocka_unit_test(test_hand_back__says_why_it_stays),
	cmocka_unit_test(test_hand_back__each_call_fails_or_is_the_last),
};

SBK_TEST_MAIN(tests)
