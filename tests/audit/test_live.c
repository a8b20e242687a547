/*
 * The audit of a running system whose rights are NT descriptors, on a world of
 * paths with SDDL: what Codex and Sandbook left, and keys that OpenSSH refuses.
 * The system's records are given by the test; nothing here is Windows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/live.h"
#include "engine/mentions.h"
#include "engine/path.h"
#include "engine/windows/access_state.h"
#include "tests/support/test.h"
#include "tests/windows/nt_state.h"

#include "engine/banned.h"

#define ANN "S-1-5-21-1-2-3-1001"
#define BOB "S-1-5-21-1-2-3-1002"
#define CODEX_OFF "S-1-5-21-1-2-3-1010"
#define PACKAGE "S-1-15-2-1-2-3-4-5-6-7"
#define CODEX_GROUP "S-1-5-21-1-2-3-1012"
#define SRT_USER "S-1-5-21-1-2-3-1013"
#define GONE "S-1-5-21-1-2-3-1020"
#define OURS "S-1-5-21-1-2-3-1030"
#define ROOT_3 "S-1-0x0053424B0001-1-2-3-4-3"
#define HOME "O:" ANN "G:" ANN "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;" ANN ")"

struct entry {
	const char *path, *sddl;
	bool is_directory;
};

struct world {
	const struct entry *entries;
	size_t count;
	const struct sbk_mention *mentions;
	size_t mention_count;
	const char *unreadable;
	struct sbk_backend backend;
	struct sbk_live live;
	struct sbk_report *report;
	struct sbk_volume_audit audit;
	struct sbk_error err;
};

static struct world *now;

int sbk_os_mentions(const struct sbk_mention_reader *reader,
		    struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < now->mention_count; i++)
		rc = reader->found(reader->arg, &now->mentions[i], err);
	return rc;
}

/* --- a backend over the list ------------------------------------------- */

static int observe(void *self, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	(void)self;
	(void)object;
	(void)out;
	(void)err;
	return 0;
}

static int survey(void *self, const char *root, sbk_visit_fn *visit, void *arg,
		  struct sbk_error *err)
{
	struct sbk_buf state = SBK_BUF_INIT;
	struct sbk_error why = SBK_ERROR_INIT;
	size_t i;
	int rc = 0;

	(void)self;
	for (i = 0; rc >= 0 && i < now->count; i++) {
		const struct entry *entry = &now->entries[i];
		struct sbk_visit seen = {.path = entry->path,
					 .is_directory = entry->is_directory};

		if (!sbk_path_within(entry->path, root))
			continue;
		sbk_buf_clear(&state);
		nt_state_add(&state, entry->sddl, entry->is_directory);
		seen.access = nt_state_of(&state);
		if (now->unreadable != NULL &&
		    strcmp(now->unreadable, entry->path) == 0) {
			seen.kind = SBK_VISIT_UNREADABLE;
			(void)sbk_error_set(&why, SBK_E_DENIED, "no access");
			seen.problem = &why;
		}
		rc = visit(arg, &seen, err);
	}
	sbk_buf_release(&state);
	return rc < 0 ? rc : 0;
}

static int to_descriptor(void *self, struct sbk_state access,
			 struct sbk_buf *out, struct sbk_error *err)
{
	(void)self;
	return sbk_nt_access_bytes(access, out, err);
}

static void close_world(void *self)
{
	(void)self;
}

static const struct sbk_backend_ops ops = {
	.name = "list",
	.observe = observe,
	.survey = survey,
	.to_descriptor = to_descriptor,
	.close = close_world,
};

static void examine(struct world *world, const char *const *places,
		    size_t count, const char *principal)
{
	const struct sbk_volume_request request = {
		.principals = &principal, .principal_count = principal != NULL};

	now = world;
	world->err = (struct sbk_error)SBK_ERROR_INIT;
	world->backend = (struct sbk_backend){.ops = &ops, .self = world};
	world->live = (struct sbk_live){.backend = &world->backend};
	world->report = sbk_report_new("scope");
	assert_non_null(world->report);
	world->audit = (struct sbk_volume_audit){
		.report = world->report, .path = "test", .live = &world->live};
	assert_ok(sbk_live_tree_load(&world->audit, places, count, &world->err),
		  &world->err);
	assert_ok(sbk_volume_examine_tree(&world->audit, &request, &world->err),
		  &world->err);
}

static void end(struct world *world)
{
	sbk_volume_audit_release(&world->audit);
	sbk_report_free(world->report);
}

/* The finding of this rule about this object; fails where there is none. */
static const struct sbk_finding *find(const struct world *world,
				      const char *rule, const char *object)
{
	size_t i;

	for (i = 0; i < sbk_report_count(world->report); i++) {
		const struct sbk_finding *finding =
			sbk_report_at(world->report, i);

		if (strcmp(finding->rule, rule) == 0 &&
		    (object == NULL || (finding->object != NULL &&
					strcmp(finding->object, object) == 0)))
			return finding;
	}
	return NULL;
}

static void assert_finding(const struct world *world, const char *rule,
			   const char *object, const char *text)
{
	const struct sbk_finding *finding = find(world, rule, object);

	if (finding == NULL)
		fail_msg("no %s about %s", rule, object != NULL ? object : "?");
	if (strstr(finding->text, text) == NULL)
		fail_msg("%s about %s: '%s' has no '%s'", rule, object,
			 finding->text, text);
}

/* --- the worlds -------------------------------------------------------- */

static const struct entry machine[] = {
	{"C:/", "O:SYG:SYD:(A;OICI;FA;;;SY)", true},
	{"C:/Users", "O:SYG:SYD:(A;OICI;FA;;;SY)", true},
	{"C:/Users/ann", HOME, true},
	{"C:/Users/ann/.ssh",
	 "O:" ANN "G:" ANN "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;" ANN
	 ")(A;OICI;0x1200a9;;;" CODEX_GROUP ")",
	 true},
	{"C:/Users/ann/.ssh/config", HOME, false},
	{"C:/Users/ann/.ssh/id_ed25519",
	 "O:" ANN "G:" ANN "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;" ANN
	 ")(A;ID;0x1200a9;;;" CODEX_GROUP ")",
	 false},
	{"C:/Users/ann/.ssh/id_ed25519.pub",
	 "O:" ANN "G:" ANN "D:AI(A;ID;0x1200a9;;;" CODEX_GROUP ")", false},
	{"C:/Users/ann/ws",
	 "O:" ANN "G:" ANN "D:AI(A;OICI;FA;;;" ANN ")(A;OICI;0x1301bf;;;" ROOT_3
	 ")(A;OICI;0x1301bf;;;" GONE ")",
	 true},
	{"C:/Users/ann/ws/file",
	 "O:" ANN "G:" ANN "D:AI(A;ID;FA;;;" ANN ")(A;ID;0x1301bf;;;" ROOT_3
	 ")(A;ID;0x1301bf;;;" GONE ")",
	 false},
	{"D:/", "O:SYG:SYD:(A;OICI;FA;;;SY)", true},
	{"D:/data", "O:SYG:SYD:(A;OICI;FA;;;SY)(D;OICI;DCLCWP;;;" CODEX_OFF ")",
	 true},
};

static const struct sbk_mention records[] = {
	{.place = SBK_MENTION_ACCOUNT,
	 .object = "account ann",
	 .kind = 'u',
	 .name = "ann",
	 .sid = ANN},
	{.place = SBK_MENTION_ACCOUNT,
	 .object = "account CodexSandboxOffline",
	 .kind = 'u',
	 .name = "CodexSandboxOffline",
	 .sid = CODEX_OFF},
	{.place = SBK_MENTION_ACCOUNT,
	 .object = "group CodexSandboxUsers",
	 .kind = 'g',
	 .name = "CodexSandboxUsers",
	 .sid = CODEX_GROUP},
	{.place = SBK_MENTION_ACCOUNT,
	 .object = "account srt-sandbox",
	 .kind = 'u',
	 .name = "srt-sandbox",
	 .sid = SRT_USER},
	{.place = SBK_MENTION_ACCOUNT,
	 .object = "account SandboxOffline",
	 .kind = 'u',
	 .name = "SandboxOffline",
	 .sid = OURS,
	 .is_ours = true},
	{.place = SBK_MENTION_MEMBER,
	 .object = "CodexSandboxUsers",
	 .sid = CODEX_OFF},
	{.place = SBK_MENTION_RIGHT,
	 .object = "SeDenyNetworkLogonRight",
	 .sid = OURS},
	{.place = SBK_MENTION_PROFILE, .object = "C:/Users/ann", .sid = ANN},
	{.place = SBK_MENTION_HIDDEN, .object = "CodexSandboxOffline"},
	{.place = SBK_MENTION_HIDDEN, .object = "CodexSandboxOnline"},
	{.place = SBK_MENTION_RULE,
	 .object = "codex_sandbox_offline_block_outbound",
	 .detail = "Action Block, Dir Out",
	 .sid = CODEX_OFF},
	{.place = SBK_MENTION_KEY,
	 .object = "HKLM/SOFTWARE/sandbox-runtime",
	 .detail = "srt"},
	{.place = SBK_MENTION_PACKAGE, .object = "some.tool", .sid = PACKAGE},
};

#define PACKAGE_SIZE (sizeof(PACKAGE) - 1)

static const char *const both[] = {"C:/", "D:/"};

static void begin(struct world *world)
{
	*world = (struct world){.entries = machine,
				.count = sizeof(machine) / sizeof(machine[0]),
				.mentions = records,
				.mention_count =
					sizeof(records) / sizeof(records[0])};
}

/* How many findings a rule has. */
static size_t count_of(const struct world *world, const char *rule)
{
	size_t i, count = 0;

	for (i = 0; i < sbk_report_count(world->report); i++)
		count += strcmp(sbk_report_at(world->report, i)->rule, rule) ==
			 0;
	return count;
}

#define OPEN "D:AI(A;OICI;0x1301bf;;;WD)"
#define SHUT "D:AI(A;OICI;FA;;;" ANN ")(A;OICI;0x1200a9;;;WD)"

static const struct entry open_places[] = {
	{"C:/", "O:SYG:SYD:(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;WD)", true},
	/* Told once, with what is in it; what gives more, besides. */
	{"C:/drop", "O:SYG:SY" OPEN, true},
	{"C:/drop/a", "O:SYG:SYD:AI(A;ID;0x1301bf;;;WD)", false},
	{"C:/drop/b", "O:SYG:SYD:AI(A;ID;0x1301bf;;;WD)", false},
	{"C:/drop/all", "O:SYG:SYD:AI(A;ID;FA;;;WD)", false},
	/* Not from it, though it lies there. */
	{"C:/drop/shut", "O:" ANN "G:" ANN SHUT, true},
	{"C:/drop/shut/in", "O:SYG:SY" OPEN, false},
	/* Everyone is let in by no list, and not by one that denies first. */
	{"C:/null", "O:SYG:SYD:NO_ACCESS_CONTROL", false},
	{"C:/denied", "O:SYG:SYD:(D;;FA;;;WD)(A;;FA;;;WD)", false},
	{"C:/users", "O:SYG:SYD:(A;OICI;FA;;;BU)", true},
	/* Handed down, and nothing is there yet. */
	{"C:/empty", "O:SYG:SYD:(A;OICIIO;FA;;;WD)", true},
};

static void test_live__tells_where_everyone_may_write(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	world.entries = open_places;
	world.count = sizeof(open_places) / sizeof(open_places[0]);
	examine(&world, both, 1, NULL);
	assert_finding(&world, "volume.everyone", "C:/drop",
		       "may write, delete, and so may each run");
	assert_int_equal(find(&world, "volume.everyone", "C:/drop")->objects,
			 3);
	assert_finding(&world, "volume.everyone", "C:/drop/all", "take over");
	assert_finding(&world, "volume.everyone", "C:/drop/shut/in",
		       "may write");
	assert_finding(&world, "volume.everyone", "C:/null", "take over");
	assert_int_equal(count_of(&world, "volume.everyone"), 4);
	assert_int_equal(sbk_report_exit(world.report), 1);
	end(&world);
	/* Who asks for somebody is told of that one. */
	begin(&world);
	world.entries = open_places;
	world.count = sizeof(open_places) / sizeof(open_places[0]);
	examine(&world, both, 1, ANN);
	assert_int_equal(count_of(&world, "volume.everyone"), 0);
	end(&world);
}

/* However many there are, the list is short and counts all of them. */
static void test_live__many_open_places_are_a_short_list(void **state)
{
	enum { MANY = 300 };
	static struct entry entries[MANY + 1];
	static char paths[MANY][16];
	struct world world;
	uint64_t objects = 0;
	size_t i, rows = 0;

	(void)state;
	begin(&world);
	entries[0] = open_places[0];
	for (i = 0; i < MANY; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "C:/%zu", i);
		entries[i + 1] =
			(struct entry){paths[i], "O:SYG:SY" OPEN, true};
	}
	world.entries = entries;
	world.count = MANY + 1;
	examine(&world, both, 1, NULL);
	for (i = 0; i < sbk_report_count(world.report); i++) {
		const struct sbk_finding *finding =
			sbk_report_at(world.report, i);

		if (strcmp(finding->rule, "volume.everyone") != 0)
			continue;
		rows++;
		objects += finding->objects;
	}
	assert_in_range(rows, 2, 30);
	assert_int_equal(objects, MANY);
	end(&world);
}

static void test_live__names_whom_it_finds(void **state)
{
	struct sbk_sid_verdict verdict;
	struct sbk_sid package;
	struct world world;

	(void)state;
	begin(&world);
	examine(&world, both, 2, NULL);
	assert_int_equal(world.audit.tree.objects, world.count);
	assert_finding(&world, "volume.grant", "C:/Users/ann/ws",
		       "may read, write, delete; by its own entry");
	assert_finding(&world, "volume.deny", "D:/data", "denied: write");
	assert_finding(&world, "volume.sensitive", "C:/Users/ann/.ssh",
		       "SSH keys");
	assert_finding(&world, "volume.account", "CodexSandboxUsers",
		       "a group of this machine");
	assert_finding(&world, "volume.account", "srt-sandbox", "an account");
	assert_finding(&world, "volume.account", "SandboxOffline",
		       "an account");
	assert_finding(&world, "volume.member", "CodexSandboxUsers",
		       "in this group");
	assert_finding(&world, "volume.right", "SeDenyNetworkLogonRight",
		       "user right");
	assert_finding(&world, "volume.firewall",
		       "codex_sandbox_offline_block_outbound", "Dir Out");
	assert_finding(&world, "volume.hidden", "CodexSandboxOffline",
		       "hidden at sign-in");
	assert_finding(&world, "volume.hidden", "CodexSandboxOnline",
		       "no account has");
	assert_finding(&world, "volume.kept", "HKLM/SOFTWARE/sandbox-runtime",
		       "srt");
	/* A person's account is no finding, nor is her profile. */
	assert_null(find(&world, "volume.account", "ann"));
	assert_null(find(&world, "volume.profile", NULL));
	assert_null(find(&world, "volume.grant", "C:/Users/ann"));
	/* Nor is an AppContainer that has a name here; it is called by it. */
	assert_int_equal(sbk_sid_parse(PACKAGE, PACKAGE_SIZE, &package, NULL),
			 0);
	verdict = sbk_sid_judge(&package, &world.audit.directory);
	assert_string_equal(verdict.name, "some.tool");
	assert_int_equal(verdict.origin, SBK_SID_ACCOUNT);
	assert_null(find(&world, "volume.kept", "some.tool"));
	assert_int_equal(sbk_report_exit(world.report), 1);
	end(&world);
}

/* The verdict of a SID among those that were chosen. */
static const struct sbk_volume_principal *chosen(const struct world *world,
						 const char *text)
{
	struct sbk_sid sid;
	size_t i;

	assert_int_equal(sbk_sid_parse(text, strlen(text), &sid, NULL), 0);
	for (i = 0; i < world->audit.principal_count; i++)
		if (sbk_sid_equal(&world->audit.principals[i].sid, &sid))
			return &world->audit.principals[i];
	return NULL;
}

static void test_live__whose_each_is(void **state)
{
	static const struct {
		const char *sid;
		enum sbk_sid_origin origin;
		const char *tool;
	} cases[] = {
		{CODEX_OFF, SBK_SID_OTHER_TOOL, "codex"},
		{CODEX_GROUP, SBK_SID_OTHER_TOOL, "codex"},
		{SRT_USER, SBK_SID_OTHER_TOOL, "srt"},
		{OURS, SBK_SID_OURS, NULL},
		{ROOT_3, SBK_SID_OURS, NULL},
		{GONE, SBK_SID_UNRESOLVED, NULL},
	};
	struct sbk_buf label = SBK_BUF_INIT;
	struct world world;
	size_t i;

	(void)state;
	begin(&world);
	examine(&world, both, 2, NULL);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sbk_volume_principal *principal =
			chosen(&world, cases[i].sid);

		assert_non_null(principal);
		assert_int_equal(principal->verdict.origin, cases[i].origin);
		if (cases[i].tool != NULL)
			assert_string_equal(principal->verdict.tool,
					    cases[i].tool);
	}
	assert_null(chosen(&world, ANN));
	sbk_volume_label(&label, &chosen(&world, ROOT_3)->sid,
			 &chosen(&world, ROOT_3)->verdict);
	assert_string_equal(sbk_buf_text(&label),
			    "Sandbook's root 3 (" ROOT_3 ")");
	/* Of this machine, whose accounts are all known: deleted. */
	assert_true(sbk_volume_is_deleted(&world.audit,
					  &chosen(&world, GONE)->sid));
	sbk_buf_release(&label);
	end(&world);
}

static void test_live__keys_that_openssh_refuses(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	examine(&world, both, 2, NULL);
	assert_finding(&world, "volume.ssh-key", "C:/Users/ann/.ssh/id_ed25519",
		       CODEX_GROUP);
	assert_null(find(&world, "volume.ssh-key",
			 "C:/Users/ann/.ssh/id_ed25519.pub"));
	assert_null(find(&world, "volume.ssh-key", "C:/Users/ann/.ssh/config"));
	end(&world);
}

static void test_live__below_a_path_alone(void **state)
{
	static const char *const place[] = {"C:/Users/ann/.ssh"};
	struct world world;

	(void)state;
	begin(&world);
	examine(&world, place, 1, "tool:codex");
	assert_int_equal(world.audit.tree.objects, 4);
	/* What stands above is there by name: whose key it is, is known. */
	assert_finding(&world, "volume.ssh-key", "C:/Users/ann/.ssh/id_ed25519",
		       "refuses it");
	assert_null(find(&world, "volume.ssh-key", "C:/Users/ann/.ssh/config"));
	assert_finding(&world, "volume.grant", "C:/Users/ann/.ssh", "may read");
	assert_null(find(&world, "volume.deny", NULL));
	end(&world);
}

static void test_live__what_cannot_be_read_is_not_clean(void **state)
{
	struct world world;

	(void)state;
	begin(&world);
	world.unreadable = "D:/data";
	examine(&world, both, 2, ROOT_3);
	assert_int_equal(sbk_report_exit(world.report), 2);
	end(&world);
	/* The other volume has nothing of hers, nor a key. */
	begin(&world);
	examine(&world, both + 1, 1, BOB);
	assert_int_equal(sbk_report_exit(world.report), 0);
	end(&world);
}

static void test_live__prints_without_a_volume(void **state)
{
	struct sbk_buf out = SBK_BUF_INIT;
	struct world world;

	(void)state;
	begin(&world);
	examine(&world, both, 2, "CodexSandboxUsers");
	assert_ok(sbk_volume_print_json(&world.audit, &out, &world.err),
		  &world.err);
	assert_non_null(strstr(sbk_buf_text(&out), "\"objects\":11"));
	assert_null(strstr(sbk_buf_text(&out), "\"serial\""));
	sbk_buf_clear(&out);
	assert_ok(sbk_volume_print_csv(&world.audit, &out, &world.err),
		  &world.err);
	assert_non_null(strstr(sbk_buf_text(&out), "\"C:/Users/ann/.ssh\""));
	sbk_buf_release(&out);
	end(&world);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_live__tells_where_everyone_may_write),
	cmocka_unit_test(test_live__many_open_places_are_a_short_list),
	cmocka_unit_test(test_live__names_whom_it_finds),
	cmocka_unit_test(test_live__whose_each_is),
	cmocka_unit_test(test_live__keys_that_openssh_refuses),
	cmocka_unit_test(test_live__below_a_path_alone),
	cmocka_unit_test(test_live__what_cannot_be_read_is_not_clean),
	cmocka_unit_test(test_live__prints_without_a_volume),
};

SBK_TEST_MAIN(tests)
