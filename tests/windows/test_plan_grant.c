/*
 * The planner of grants over the backend of Windows, on the simulation
 * (sim.h): which entries a grant to an account and to a root's own SID comes
 * to, that its undo gives each descriptor back byte for byte, in any order,
 * and whatever call failed or was the last one.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hand_back.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/plan_undo.h"
#include "engine/places.h"
#include "engine/policy.h"
#include "engine/windows/synthetic.h"
#include "tests/support/fault.h"
#include "tests/windows/access_world.h"

#include "engine/banned.h"

#define OTHER "S-1-5-21-1-2-3-1006"
#define HOME "O:" SIM_USER "G:" SIM_USER "D:P(A;OICI;FA;;;" SIM_USER ")"
#define FOREIGN "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;" SIM_USER ")"

/* --- what the planner asks besides the backend ---------------------------- */

const char *const sbk_protected_names[] = {".git", ".codex", NULL};
const char *const sbk_project_policy_name = ".sandbook.json";

int64_t sbk_os_now_ms(void)
{
	return 1000000;
}

/* In the place of sbk_os_real_path, by the linker (CMakeLists.txt): the
 * simulated volume has no paths of the system's. */
int __wrap_sbk_os_real_path(const char *path, char **out,
			    struct sbk_error *err);
int __wrap_sbk_os_real_path(const char *path, char **out, struct sbk_error *err)
{
	*out = strdup(path);
	return *out != NULL ? 0 : sbk_error_no_memory(err);
}

int sbk_scope_guard(const char *real, bool writable,
		    const struct sbk_person *person, struct sbk_error *err)
{
	(void)real;
	(void)writable;
	(void)person;
	(void)err;
	return 0;
}

int sbk_sensitive_paths(const struct sbk_person *person,
			struct sbk_arena *arena, const char ***out,
			size_t *count, struct sbk_error *err)
{
	static const char *sensitive[] = {"C:/p/ws/keys"};

	(void)person;
	(void)arena;
	(void)err;
	*out = sensitive;
	*count = 1;
	return 0;
}

/* A fixed disk, or what the test says. */
static ULONG characteristics;

static NTSTATUS NTAPI query_device(HANDLE file, PIO_STATUS_BLOCK io, PVOID out,
				   ULONG size, FS_INFORMATION_CLASS class)
{
	const ULONG device[2] = {7 /* FILE_DEVICE_DISK */, characteristics};

	(void)file;
	(void)io;
	(void)class;
	if (sim_fails())
		return (NTSTATUS)0xc0000022; /* STATUS_ACCESS_DENIED */
	memcpy(out, device, size < sizeof(device) ? size : sizeof(device));
	return 0;
}

static int granted(void *self, enum sbk_book book, const char *principal,
		   struct sbk_plan *out, struct sbk_error *err)
{
	(void)self;
	(void)book;
	(void)principal;
	(void)out;
	(void)err;
	return 0;
}

static int mark(void *self, enum sbk_book book, struct sbk_book_mark *out,
		struct sbk_error *err)
{
	(void)self;
	(void)book;
	(void)err;
	*out = (struct sbk_book_mark){.id = {1, 2, 3}};
	return 0;
}

static const struct sbk_ledger_ops ops = {.granted = granted, .mark = mark};
static const struct sbk_ledger ledger = {.ops = &ops};

/* The SID that the first new root gets. */
static const char *own_sid(void)
{
	static const uint8_t id[SBK_SYNTHETIC_ID_BYTES] = {1, 2, 3};
	static struct sbk_sid_text text;
	const struct sbk_sid sid = sbk_synthetic_make(id, 1);

	return sbk_sid_format(&sid, &text);
}

/* --- the world ------------------------------------------------------------ */

/*
 *	C:/p                  the person's alone
 *	C:/p/ws               what is granted
 *	C:/p/ws/.GIT          protected, however it is spelled
 *	C:/p/ws/.GIT/config
 *	C:/p/ws/keys          sensitive
 *	C:/p/ws/linked        has a name elsewhere
 *	C:/p/ws/shut          its list takes nothing from above
 *	C:/p/ws/shut/in
 *	C:/p/ws/src/file
 */
static struct granted *begin(void)
{
	static struct sbk_win32 table;
	static struct sbk_win32_file file;
	struct granted *g = access_begin();

	table = *sbk_win32;
	file = *table.file;
	file.NtQueryVolumeInformationFile = query_device;
	table.file = &file;
	sbk_win32 = &table;
	characteristics = 0;
	(void)sim_add(g->sim, "C:/p", true, HOME);
	(void)sim_add(g->sim, "C:/p/ws", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/.GIT", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/.GIT/config", false, NULL);
	(void)sim_add(g->sim, "C:/p/ws/keys", true, NULL);
	g->sim->nodes[sim_add(g->sim, "C:/p/ws/linked", false, NULL)].links = 2;
	(void)sim_add(g->sim, "C:/p/ws/shut", true, SECRET);
	(void)sim_add(g->sim, "C:/p/ws/shut/in", false, NULL);
	(void)sim_add(g->sim, "C:/p/ws/src", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/src/file", false, NULL);
	sbk_buf_clear(&g->start);
	sim_print(g->sim, &g->start);
	return g;
}

/* To whom, what; the account may be nobody. */
static struct {
	const char *account;
	bool written;
} wish;

/* Plans and makes the grant of C:/p/ws. */
static int grant(struct granted *g, struct sbk_error *err)
{
	static const char *const paths[] = {"C:/p/ws"};
	const struct sbk_person person = {
		.id = {.text = SIM_USER}, .uid = UINT32_MAX, .gid = UINT32_MAX};
	struct sbk_root_principals own = {.ledger = &ledger,
					  .backend = &g->backend};
	const struct sbk_grant_request request = {
		.person = &person,
		.principal = wish.account,
		.principal_name = wish.account != NULL ? "account" : "runs",
		.root_principals = wish.written ? &own : NULL,
		.rights = wish.written ? SBK_RIGHTS_WRITE : SBK_RIGHTS_READ,
		.paths = paths,
		.path_count = 1,
	};
	struct sbk_grant *planned = NULL;
	int rc = sbk_grant_new(&g->backend, &request, &planned, err);

	if (rc == 0)
		rc = sbk_grant_plan(planned, g->plan, err);
	if (rc == 0)
		rc = access_apply(g, g->plan, SBK_TRANSACTION_DO, err);
	sbk_grant_free(planned);
	sbk_root_principals_release(&own);
	return rc;
}

static int setup(void **state)
{
	wish.account = SIM_ACCOUNT;
	wish.written = true;
	*state = begin();
	return 0;
}

static unsigned may(struct granted *g, const char *path, const char *principal)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	const struct sbk_subject who = {.principal = principal};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_buf entry = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned rights = 0;
	bool named;

	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	assert_ok(sbk_backend_evaluate(&g->backend,
				       sbk_observation_state(&seen), &who,
				       &rights, &named, &entry, &err),
		  &err);
	sbk_observation_release(&seen);
	sbk_buf_release(&entry);
	return rights;
}

static bool is_named(struct granted *g, const char *path, const char *principal)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = path};
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	unsigned how = 0;

	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	assert_ok(sbk_backend_naming(&g->backend, sbk_observation_state(&seen),
				     principal, &how, &err),
		  &err);
	sbk_observation_release(&seen);
	return how != 0;
}

#define READS (SBK_MAY_READ | SBK_MAY_EXECUTE)
#define WRITES (READS | SBK_MAY_WRITE)

/* What a write grant gives one of the two. */
static void assert_written(struct granted *g, const char *principal)
{
	assert_int_equal(may(g, "C:/p/ws", principal), WRITES);
	assert_int_equal(may(g, "C:/p/ws/src/file", principal), WRITES);
	assert_int_equal(may(g, "C:/p/ws/.GIT", principal), READS);
	assert_int_equal(may(g, "C:/p/ws/.GIT/config", principal), READS);
	assert_int_equal(may(g, "C:/p/ws/linked", principal), READS);
	assert_int_equal(may(g, "C:/p/ws/keys", principal), 0);
	assert_int_equal(may(g, "C:/p/ws/shut", principal), 0);
	assert_int_equal(may(g, "C:/p/ws/shut/in", principal), 0);
}

static void
test_plan_grant__writing_is_the_accounts_and_the_roots_own(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(grant(g, &err), &err);
	assert_written(g, SIM_ACCOUNT);
	assert_written(g, own_sid());
	/* The way to it is for the account alone, and for nothing else. */
	assert_int_equal(may(g, "C:/p", SIM_ACCOUNT), SBK_MAY_EXECUTE);
	assert_false(is_named(g, "C:/p", own_sid()));
	assert_int_equal(sbk_plan_root_count(g->plan), 2);
	assert_string_equal(sbk_plan_root_at(g->plan, 1)->principal, own_sid());
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
}

static void test_plan_grant__runs_alone_need_no_way(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	wish.account = NULL;
	assert_ok(grant(g, &err), &err);
	assert_written(g, own_sid());
	assert_false(is_named(g, "C:/p", own_sid()));
	assert_int_equal(sbk_plan_root_count(g->plan), 1);
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
}

static void test_plan_grant__reading_denies_nothing(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	wish.written = false;
	assert_ok(grant(g, &err), &err);
	assert_int_equal(may(g, "C:/p/ws/src/file", SIM_ACCOUNT), READS);
	assert_int_equal(may(g, "C:/p/ws/.GIT/config", SIM_ACCOUNT), READS);
	assert_int_equal(may(g, "C:/p/ws/keys", SIM_ACCOUNT), 0);
	assert_false(is_named(g, "C:/p/ws", own_sid()));
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
}

/* Takes back the first `count` changes, or those behind them. */
static void undo_part(struct granted *g, size_t first, size_t count)
{
	struct sbk_plan *inverse = sbk_plan_new();
	struct recorded kept = g->recorded;
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(sbk_plan_undo(&g->backend, kept.changes + first, count, NULL,
				0, inverse, &err),
		  &err);
	assert_ok(access_apply(g, inverse, SBK_TRANSACTION_UNDO, &err), &err);
	g->recorded = kept;
	sbk_plan_free(inverse);
}

/* Two grants of one tree, undone in either order. */
static void overlapping(bool first_first)
{
	struct granted *g = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *earlier;
	size_t count, all;

	wish.account = SIM_ACCOUNT;
	wish.written = true;
	assert_ok(grant(g, &err), &err);
	count = g->recorded.count;
	earlier = g->plan;
	g->plan = sbk_plan_new();
	wish.account = OTHER;
	wish.written = false;
	assert_ok(grant(g, &err), &err);
	all = g->recorded.count;
	assert_true(all > count);
	if (first_first)
		undo_part(g, 0, count);
	else
		undo_part(g, count, all - count);
	assert_int_equal(may(g, "C:/p/ws/src/file", SIM_ACCOUNT),
			 first_first ? 0 : WRITES);
	assert_int_equal(may(g, "C:/p/ws/src/file", OTHER),
			 first_first ? READS : 0);
	if (first_first)
		undo_part(g, count, all - count);
	else
		undo_part(g, 0, count);
	assert_access_world(g, sbk_buf_text(&g->start));
	sbk_plan_free(earlier);
	access_end(g);
}

static void test_plan_grant__two_grants_are_undone_in_any_order(void **state)
{
	(void)state;
	overlapping(true);
	overlapping(false);
}

/* --- taking back ---------------------------------------------------------- */

/* As a directory directly below C:/ is: hers, with Modify for everybody. */
static void begin_modify_only(struct granted *g)
{
	static const struct sbk_group users = {
		.attributes = SBK_GROUP_MANDATORY | SBK_GROUP_ENABLED};

	sim_remove(g->sim, "C:/p");
	g->sim->groups[g->sim->group_count] = users;
	assert_int_equal(sbk_sid_parse("S-1-5-11", 8,
				       &g->sim->groups[g->sim->group_count].sid,
				       NULL),
			 0);
	g->sim->group_count++;
	(void)sim_add(g->sim, "C:/p", true,
		      "O:BAG:SYD:PAI(A;OICI;FA;;;BA)(A;OICIIO;0x1301bf;;;AU)"
		      "(A;;0x1200af;;;AU)");
	(void)sim_add(g->sim, "C:/p/ws", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/.GIT", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/src", true, NULL);
	(void)sim_add(g->sim, "C:/p/ws/src/file", false, NULL);
	sbk_buf_clear(&g->start);
	sim_print(g->sim, &g->start);
}

/* What the account makes: it is the owner. */
static void make_as_account(struct granted *g, const char *path,
			    bool is_directory, const char *sddl)
{
	const struct sbk_sid person = g->sim->user;

	assert_int_equal(sbk_sid_parse(SIM_ACCOUNT, strlen(SIM_ACCOUNT),
				       &g->sim->user, NULL),
			 0);
	(void)sim_add(g->sim, path, is_directory, sddl);
	g->sim->user = person;
}

/* How many of the account's are given to her, and how many stay. */
static void assert_handed_back(struct granted *g, size_t given, size_t left)
{
	static const char *const roots[] = {"C:/p/ws"};
	static const struct sbk_hand_back_account account = {
		.owner = {SIM_ACCOUNT},
		.user = SIM_ACCOUNT,
		.group = SIM_ACCOUNT};
	struct sbk_hand_back who = {.backend = &g->backend,
				    .account = &account,
				    .person = {.id = {.text = SIM_USER}}};
	const struct sbk_hand_back_where where = {.roots = roots,
						  .root_count = 1};
	const struct recorded kept = g->recorded;
	struct sbk_plan *plan = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_hand_back_left stay;

	memset(&stay, 0, sizeof(stay));
	memset(&g->recorded, 0, sizeof(g->recorded));
	assert_ok(sbk_hand_back_find(&who, &where, plan, &stay, &err), &err);
	assert_int_equal(sbk_plan_count(plan), given);
	assert_int_equal(stay.count, left);
	if (given > 0)
		assert_ok(access_apply(g, plan, SBK_TRANSACTION_UNDO, &err),
			  &err);
	g->recorded = kept;
	sbk_plan_free(plan);
}

static void strip_later(struct granted *g, const char *principal)
{
	const struct sbk_object object = {.kind = SBK_KIND_ACCESS,
					  .name = "C:/p/ws"};
	struct sbk_plan_root root = {.path = "C:/p/ws", .principal = principal};
	const struct recorded kept = g->recorded;
	struct sbk_observation seen = SBK_OBSERVATION_INIT;
	struct sbk_plan *later = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	memset(&g->recorded, 0, sizeof(g->recorded));
	assert_ok(sbk_backend_observe(&g->backend, &object, &seen, &err), &err);
	root.identity = sbk_buf_text(&seen.identity);
	assert_int_equal(
		sbk_plan_undo_later(&g->backend, &root, NULL, 0, later, &err),
		0);
	assert_ok(access_apply(g, later, SBK_TRANSACTION_UNDO, &err), &err);
	g->recorded = kept;
	sbk_plan_free(later);
	sbk_observation_release(&seen);
}

static void test_plan_grant__she_takes_back_what_the_account_made(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	char sddl[512];

	begin_modify_only(g);
	assert_ok(grant(g, &err), &err);
	assert_string_equal(sbk_plan_root_at(g->plan, 1)->principal,
			    SBK_TAKES_BACK SIM_USER);
	make_as_account(g, "C:/p/ws/made", true, NULL);
	make_as_account(g, "C:/p/ws/made/file", false, NULL);
	/* It may shut her out of its own, and these are named. */
	make_as_account(g, "C:/p/ws/shut", false,
			"O:" SIM_ACCOUNT "G:" SIM_ACCOUNT "D:P(A;;FR;;;AU)");
	assert_handed_back(g, 2, 1);
	assert_handed_back(g, 0, 1);
	(void)snprintf(sddl, sizeof(sddl),
		       "O:" SIM_USER "G:" SIM_USER
		       "D:AI(A;ID;0x1301bf;;;" SIM_ACCOUNT
		       ")(A;ID;0x1301bf;;;%s)(A;ID;RCWDWO;;;" SIM_USER
		       ")(A;ID;FA;;;BA)(A;ID;0x1301bf;;;AU)",
		       own_sid());
	assert_access_sddl(g, "C:/p/ws/made/file", sddl);
	sim_remove(g->sim, "C:/p/ws/shut");
	(void)access_undo(g);
	/* She still has the entry in what came later, until it is undone. */
	strip_later(g, SIM_ACCOUNT);
	strip_later(g, own_sid());
	strip_later(g, SBK_TAKES_BACK SIM_USER);
	assert_access_sddl(g, "C:/p/ws/made",
			   "O:" SIM_USER "G:" SIM_USER
			   "D:AI(A;OICIID;FA;;;BA)(A;OICIID;0x1301bf;;;AU)");
	sim_remove(g->sim, "C:/p/ws/made");
	assert_access_world(g, sbk_buf_text(&g->start));
	/* The control: without the grant's entry it stays the account's. */
	make_as_account(g, "C:/p/ws/made", true, NULL);
	assert_handed_back(g, 0, 1);
}

/* Where the root hands it down already, the grant adds nothing of the kind. */
static void test_plan_grant__what_she_may_take_needs_no_entry(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i;

	assert_ok(grant(g, &err), &err);
	for (i = 0; i < g->recorded.count; i++)
		assert_null(strstr(g->recorded.changes[i]->ours, SIM_USER));
	assert_int_equal(sbk_plan_root_count(g->plan), 2);
	/* Nor for who runs as herself, nor to read. */
	(void)access_undo(g);
	begin_modify_only(g);
	g->recorded.count = 0;
	sbk_plan_free(g->plan);
	g->plan = sbk_plan_new();
	wish.account = NULL;
	assert_ok(grant(g, &err), &err);
	for (i = 0; i < g->recorded.count; i++)
		assert_null(strstr(g->recorded.changes[i]->ours, SIM_USER));
}

/* The second grant finds the first one's entry there, which is not its own. */
static void takes_back_twice(bool first_first)
{
	struct granted *g = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *earlier;
	size_t count, all, i;

	begin_modify_only(g);
	wish.account = SIM_ACCOUNT;
	wish.written = true;
	assert_ok(grant(g, &err), &err);
	count = g->recorded.count;
	earlier = g->plan;
	g->plan = sbk_plan_new();
	wish.account = OTHER;
	assert_ok(grant(g, &err), &err);
	all = g->recorded.count;
	for (i = count; i < all; i++)
		assert_null(strstr(g->recorded.changes[i]->ours, SIM_USER));
	for (i = 0; i < sbk_plan_root_count(g->plan); i++)
		assert_int_not_equal(
			strncmp(sbk_plan_root_at(g->plan, i)->principal,
				SBK_TAKES_BACK, sizeof(SBK_TAKES_BACK) - 1),
			0);
	undo_part(g, first_first ? 0 : count,
		  first_first ? count : all - count);
	undo_part(g, first_first ? count : 0,
		  first_first ? all - count : count);
	assert_access_world(g, sbk_buf_text(&g->start));
	sbk_plan_free(earlier);
	access_end(g);
}

static void test_plan_grant__two_that_take_back_are_undone(void **state)
{
	(void)state;
	takes_back_twice(true);
	takes_back_twice(false);
}

static void assert_refused(struct granted *g, int code, const char *word)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_int_equal(grant(g, &err), code);
	if (strstr(err.message, word) == NULL)
		fail_msg("'%s' does not say '%s'", err.message, word);
	assert_int_equal(g->recorded.count, 0);
	assert_access_world(g, sbk_buf_text(&g->start));
}

static void test_plan_grant__what_nobody_may_change_is_refused(void **state)
{
	struct granted *g = *state;

	(void)sim_add(g->sim, "C:/p/ws/theirs", false, FOREIGN);
	sbk_buf_clear(&g->start);
	sim_print(g->sim, &g->start);
	assert_refused(g, SBK_E_DENIED, "C:/p/ws/theirs");
}

static void test_plan_grant__a_removable_volume_is_refused(void **state)
{
	struct granted *g = *state;

	characteristics = 0x1; /* FILE_REMOVABLE_MEDIA */
	assert_refused(g, SBK_E_UNSUPPORTED, "removable");
	characteristics = 0x10; /* FILE_REMOTE_DEVICE */
	assert_refused(g, SBK_E_UNSUPPORTED, "another machine");
}

/* A plain user flushes by what was changed last; that cannot be opened. */
static void
test_plan_grant__a_read_only_file_at_the_end_is_flushed(void **state)
{
	struct granted *g = *state;
	struct sbk_error err = SBK_ERROR_INIT;

	g->sim->nodes[sim_find(g->sim, "C:/p/ws/src/file")].attributes |=
		FILE_ATTRIBUTE_READONLY;
	g->sim->nodes[sim_find(g->sim, "C:/p/ws/linked")].attributes |=
		FILE_ATTRIBUTE_READONLY;
	assert_ok(grant(g, &err), &err);
	sim_power_cut(g->sim);
	assert_written(g, SIM_ACCOUNT);
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
}

/* --- every call ----------------------------------------------------------- */

/* Whether the grant ended without meeting call n. */
static bool one_fault(enum fault_mode mode, unsigned long n)
{
	struct granted *g = begin();
	struct sbk_error err = SBK_ERROR_INIT;
	volatile bool met;
	size_t i;

	wish.account = SIM_ACCOUNT;
	wish.written = true;
	fault_plan = (struct fault_plan){.mode = mode, .at = n};
	if (setjmp(g->sim->end) == 0)
		(void)grant(g, &err);
	met = fault_plan.counted >= n;
	fault_plan = (struct fault_plan){.mode = FAULT_NONE};
	if (mode == FAULT_STOP && met) {
		g->backend = (struct sbk_backend){.ops = NULL};
		sim_process_ends(g->sim);
		sim_power_cut(g->sim);
	}
	assert_ok(access_open_backend(g, &err), &err);
	for (i = 0; i < g->recorded.count; i++)
		g->recorded.changes[i]->status = SBK_STATUS_CONFIRMED;
	(void)access_undo(g);
	assert_access_world(g, sbk_buf_text(&g->start));
	access_end(g);
	return !met;
}

static void sweep(enum fault_mode mode)
{
	unsigned long n = 1;

	while (!one_fault(mode, n))
		n++;
	assert_true(n > 100); /* it was swept, and not over nothing */
}

static void test_plan_grant__each_call_may_be_the_last(void **state)
{
	(void)state;
	sweep(FAULT_STOP);
}

static void test_plan_grant__each_call_may_fail(void **state)
{
	(void)state;
	sweep(FAULT_DENY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, access_teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_plan_grant__writing_is_the_accounts_and_the_roots_own),
	TEST(test_plan_grant__runs_alone_need_no_way),
	TEST(test_plan_grant__reading_denies_nothing),
	cmocka_unit_test(test_plan_grant__two_grants_are_undone_in_any_order),
	TEST(test_plan_grant__she_takes_back_what_the_account_made),
	TEST(test_plan_grant__what_she_may_take_needs_no_entry),
	cmocka_unit_test(test_plan_grant__two_that_take_back_are_undone),
	TEST(test_plan_grant__what_nobody_may_change_is_refused),
	TEST(test_plan_grant__a_removable_volume_is_refused),
	TEST(test_plan_grant__a_read_only_file_at_the_end_is_flushed),
	cmocka_unit_test(test_plan_grant__each_call_may_be_the_last),
	cmocka_unit_test(test_plan_grant__each_call_may_fail),
};

SBK_TEST_MAIN(tests)
