/*
 * Planning and making grants on real trees, with a recorder in memory. The
 * trees are below /srv, or wherever the person may grant: made in the test's
 * own mounts, so that guards see an ordinary place.
 */
#include "tests/linux/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "engine/apply.h"
#include "engine/os.h"
#include "engine/plan_grant.h"
#include "engine/plan_undo.h"
#include "tests/support/recorder.h"

/* A person with a home of its own in the tree. */
static struct sbk_person person_of(const struct tree *tree)
{
	struct sbk_person person = {.uid = geteuid(), .gid = getegid()};

	(void)snprintf(person.name, sizeof(person.name), "someone");
	(void)snprintf(person.home, sizeof(person.home), "%s/home", tree->root);
	return person;
}

struct granting {
	struct tree *tree;
	struct sbk_person person;
	struct sbk_grant_request request;
	const char *paths[4];
	struct sbk_grant *grant;
	struct sbk_plan *plan;
	struct recorded recorded;
	struct sbk_apply_result result;
};

static void begin(struct granting *g, struct tree *tree, enum sbk_rights rights,
		  const char *name)
{
	memset(g, 0, sizeof(*g));
	g->tree = tree;
	g->person = person_of(tree);
	g->paths[0] = strdup(tree_path(tree, name));
	g->request = (struct sbk_grant_request){.person = &g->person,
						.principal = "u:990",
						.principal_name = "box",
						.rights = rights,
						.paths = g->paths,
						.path_count = 1};
	g->plan = sbk_plan_new();
	assert_non_null(g->plan);
}

static int make_plan(struct granting *g, struct sbk_error *err)
{
	int rc = sbk_grant_new(&g->tree->backend, &g->request, &g->grant, err);

	return rc < 0 ? rc : sbk_grant_plan(g->grant, g->plan, err);
}

static int carry_out(struct granting *g, struct sbk_error *err)
{
	struct sbk_recorder recorder = recorded_recorder(&g->recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_DO,
					    .more = sbk_grant_more,
					    .more_arg = g->grant};

	return sbk_apply(&g->tree->backend, &recorder, g->plan, &options,
			 &g->result, err);
}

static void end(struct granting *g)
{
	size_t i;

	sbk_grant_free(g->grant);
	sbk_plan_free(g->plan);
	for (i = 0; i < 4; i++)
		free((char *)(uintptr_t)g->paths[i]);
}

/* Plans and makes all of it; undoes it again. */
static void grant_now(struct granting *g)
{
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(make_plan(g, &err), &err);
	assert_ok(carry_out(g, &err), &err);
}

static void undo_now(struct granting *g)
{
	size_t i, count = sbk_plan_count(g->plan);
	struct sbk_change **changes = calloc(count + 1, sizeof(*changes));
	struct sbk_recorder recorder = recorded_recorder(&g->recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	struct sbk_plan *inverse = sbk_plan_new();
	struct sbk_error err = SBK_ERROR_INIT;

	assert_true(changes != NULL && inverse != NULL);
	for (i = 0; i < count; i++)
		changes[i] = sbk_plan_at(g->plan, i);
	assert_ok(sbk_plan_undo(&g->tree->backend, changes, count, g->paths, 1,
				inverse, &err),
		  &err);
	assert_ok(sbk_apply(&g->tree->backend, &recorder, inverse, &options,
			    &g->result, &err),
		  &err);
	assert_int_equal(g->result.owed, 0);
	sbk_plan_free(inverse);
	free(changes);
}

static char *manifest(struct tree *tree)
{
	return tree_output(tree, "find . -print0 | sort -z | "
				 "xargs -0 getfacl -n -p -P; "
				 "find . -printf '%%p %%U:%%G %%m\\n' | sort");
}

static void make_workspace(struct tree *tree)
{
	/*
	 * home/ws:  src/{main.c, run (0755)}, .git/{config}, .env -> link,
	 *           pipe, empty/
	 */
	tree_run(tree, "chmod 755 . && mkdir -p home/ws/src home/ws/.git "
		       "home/ws/empty && cd home/ws && echo x >src/main.c && "
		       "echo y >src/run && chmod 755 src/run && "
		       "echo z >.git/config && ln -s /etc/passwd link && "
		       "mkfifo pipe && chmod 700 ../../home");
}

static void test_grant__whole_life(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	struct sbk_plan_root *root;
	char *before, *after;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	before = manifest(tree);
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	grant_now(&g);
	root = sbk_plan_root_at(g.plan, 0);
	assert_int_equal(root->objects, 8);
	assert_int_equal(root->skipped, 2);    /* the link and the FIFO */
	assert_int_equal(root->carved_out, 1); /* .git */
	assert_int_equal(root->already, 0);
	tree_run(tree, "cd home/ws && "
		       "getfacl -n . | grep -q '^user:990:rwx$' && "
		       "getfacl -n . | grep -q '^default:user:990:rwx$' && "
		       "getfacl -n src/main.c | grep -q '^user:990:rw-$' && "
		       "getfacl -n src/run | grep -q '^user:990:rwx$' && "
		       "getfacl -n .git | grep -q '^user:990:r-x$' && "
		       "getfacl -n .git | grep -q '^default:user:990:r-x$' && "
		       "getfacl -n .git/config | grep -q '^user:990:r--$' && "
		       "! getfacl -n pipe | grep -q 990 && "
		       "getfacl -n .. | grep -q '^user:990:--x$' && "
		       "! getfacl -n .. | grep -q default");
	undo_now(&g);
	after = manifest(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	end(&g);
}

/* What ends in a colon is a directory like others, not a drive. */
static void test_grant__names_what_is_above(void **state)
{
	struct tree *tree = *state;
	struct sbk_error err = SBK_ERROR_INIT;
	struct granting g;
	const char *name;
	size_t i, above = 0;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	tree_run(tree, "mkdir -p home/c:/ws && chmod 700 home home/c:");
	begin(&g, tree, SBK_RIGHTS_READ, "home/c:/ws");
	assert_ok(make_plan(&g, &err), &err);
	for (i = 0; i < sbk_plan_count(g.plan); i++) {
		name = sbk_plan_at(g.plan, i)->object.name;
		assert_int_not_equal(name[strlen(name) - 1], '/');
		above += strcmp(name, tree_path(tree, "home/c:")) == 0;
	}
	assert_int_equal(above, 1);
	end(&g);
}

static void test_grant__twice_changes_nothing(void **state)
{
	struct tree *tree = *state;
	struct granting first, again;
	struct sbk_error err = SBK_ERROR_INIT;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	begin(&first, tree, SBK_RIGHTS_READ, "home/ws");
	grant_now(&first);
	begin(&again, tree, SBK_RIGHTS_READ, "home/ws");
	again.request.in_effect = first.plan;
	assert_ok(make_plan(&again, &err), &err);
	assert_int_equal(sbk_plan_count(again.plan), 0);
	assert_int_equal(sbk_plan_root_at(again.plan, 0)->already,
			 sbk_plan_root_at(again.plan, 0)->objects - 1);
	end(&again);
	undo_now(&first);
	end(&first);
}

/* Named, and granted like the rest; what is denied is neither. */
static void test_grant__secret_files(void **state)
{
	struct tree *tree = *state;
	struct granting g, again;
	const struct sbk_secret_list *secrets;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_buf out = SBK_BUF_INIT;
	const char *denied[2];

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "cd home/ws && echo A=b >.env && mkdir keys pub && "
		       "echo k >keys/id_rsa && ln keys/id_rsa src/other && "
		       "echo c >pub/a.pem && echo 'PRIVATE KEY' >pub/b.pem");
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	denied[0] = strdup(tree_path(tree, "home/ws/keys"));
	denied[1] = tree_path(tree, "home/ws/none");
	g.request.denied = denied;
	g.request.denied_count = 2;
	assert_error(make_plan(&g, &err), SBK_E_NOTFOUND, &err);
	g.request.denied_count = 1;
	grant_now(&g);
	secrets = sbk_plan_secrets(g.plan);
	assert_int_equal(secrets->total, 2); /* .env and b.pem, in any order */
	sbk_plan_print(g.plan, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "/home/ws/.env' (env"));
	assert_non_null(strstr(sbk_buf_text(&out), "/pub/b.pem' (private key"));
	assert_non_null(strstr(sbk_buf_text(&out), "--deny PATH"));
	sbk_buf_clear(&out);
	sbk_plan_print_json(g.plan, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "\"secrets\":{\"found\":2"));
	tree_run(tree, "cd home/ws && getfacl -n .env | grep -q 990 && "
		       "getfacl -n pub/a.pem | grep -q 990 && "
		       "! getfacl -n keys | grep -q 990 && "
		       "! getfacl -n keys/id_rsa src/other | grep -q 990");
	/* What was granted before is not taken by denying it now. */
	begin(&again, tree, SBK_RIGHTS_WRITE, "home/ws");
	again.request.in_effect = g.plan;
	free((char *)(uintptr_t)denied[0]);
	denied[0] = tree_path(tree, "home/ws/.env");
	again.request.denied = denied;
	again.request.denied_count = 1;
	assert_ok(make_plan(&again, &err), &err);
	sbk_buf_clear(&out);
	sbk_plan_print(again.plan, &out);
	assert_non_null(strstr(sbk_buf_text(&out), "1 left out that have an"));
	end(&again);
	/* Granted and denied at once. */
	begin(&again, tree, SBK_RIGHTS_WRITE, "home/ws/pub");
	denied[0] = tree_path(tree, "home/ws");
	again.request.denied = denied;
	again.request.denied_count = 1;
	assert_error(make_plan(&again, &err), SBK_E_INVAL, &err);
	end(&again);
	sbk_buf_release(&out);
	undo_now(&g);
	end(&g);
}

/* What named the principal before is recorded, and is not ours. */
static void test_grant__entries_of_others_are_recorded(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	struct sbk_error err = SBK_ERROR_INIT;
	size_t i, nothing = 0;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "setfacl -m u:990:rw home/ws/src/main.c");
	begin(&g, tree, SBK_RIGHTS_READ, "home/ws");
	assert_ok(make_plan(&g, &err), &err);
	for (i = 0; i < sbk_plan_count(g.plan); i++) {
		const struct sbk_change *change = sbk_plan_at(g.plan, i);

		if (!sbk_state_equal(change->before, change->after))
			continue;
		assert_non_null(strstr(change->object.name, "main.c"));
		nothing++;
	}
	assert_int_equal(nothing, 1);
	end(&g);
}

static void test_grant__files_with_other_names(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	char *before, *after;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	/* `in` has both names inside, `out` one outside, `key` one in .ssh. */
	tree_run(tree,
		 "cd home && mkdir -m 700 .ssh store && "
		 "echo k >.ssh/id_ed25519 && chmod 600 .ssh/id_ed25519 && "
		 "ln .ssh/id_ed25519 ws/key && echo o >store/out && "
		 "ln store/out ws/out && echo i >ws/in && "
		 "ln ws/in ws/src/in");
	before = manifest(tree);
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	grant_now(&g);
	assert_int_equal(sbk_plan_root_at(g.plan, 0)->linked_outside, 1);
	tree_run(tree, "cd home/ws && "
		       "getfacl -n in | grep -q '^user:990:rw-$' && "
		       "getfacl -n out | grep -q '^user:990:r--$' && "
		       "! getfacl -n key | grep -q 990 && "
		       "! getfacl -n ../.ssh | grep -q 990");
	undo_now(&g);
	after = manifest(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	end(&g);
}

static void test_grant__refusals_change_nothing(void **state)
{
	struct refusal {
		const char *make; /* in home/ws */
		int code;
		const char *says;
	};
	static const struct refusal refusals[] = {
		{"touch theirs && chown 1234 theirs", SBK_E_DENIED,
		 "account 1234"},
		{"touch fixed && chattr +i fixed", SBK_E_DENIED, "immutable"},
	};
	struct tree *tree = *state;
	size_t i;

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct sbk_error err = SBK_ERROR_INIT;
		struct granting g;
		char *before, *after;

		make_workspace(tree);
		tree_run(tree, "cd home/ws && %s", r->make);
		before = manifest(tree);
		begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
		assert_error(make_plan(&g, &err), r->code, &err);
		if (strstr(err.message, r->says) == NULL)
			fail_msg("'%s' does not say '%s'", err.message,
				 r->says);
		after = manifest(tree);
		assert_string_equal(before, after);
		free(before);
		free(after);
		end(&g);
		tree_run(tree, "chattr -R -i . 2>/dev/null; rm -rf home");
	}
}

static void refuse_path(struct tree *tree, const char *name, int code)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct granting g;

	begin(&g, tree, SBK_RIGHTS_READ, name);
	tree_check(make_plan(&g, &err) == code);
	tree_check(code == 0 || sbk_plan_count(g.plan) == 0);
	end(&g);
}

static void run_volumes(struct tree *tree)
{
	tree_own_mounts();
	tree_run(tree, "mkdir -p home/fat home/ro home/ok && "
		       "truncate -s 8M i && mkfs.ext4 -q i && "
		       "mount -o loop,noacl i home/fat 2>/dev/null || "
		       "mount -t ramfs none home/fat");
	tree_run(tree, "mkdir home/fat/d && mount -t tmpfs none home/ro && "
		       "mkdir home/ro/d && mount -o remount,ro home/ro && "
		       "mkdir home/ok/d");
	refuse_path(tree, "home/fat/d", SBK_E_UNSUPPORTED);
	refuse_path(tree, "home/ro/d", SBK_E_DENIED);
	refuse_path(tree, "home/ok/d", 0);
}

static void test_grant__volumes_without_acls_are_refused(void **state)
{
	struct tree *tree = *state;

	if (geteuid() != 0 || !tree_has_acls(tree))
		sbk_test_skip("needs root and a filesystem with ACLs");
	tree_child(tree, run_volumes);
}

/* Files that come in between planning and the end get the grant, too. */
static void test_grant__what_came_in_meanwhile(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	struct sbk_error err = SBK_ERROR_INIT;
	char *before, *after;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "find home -exec touch -d 2020-01-01 {} + && "
		       "mkdir -p other/deep && touch other/deep/f other/g");
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	assert_ok(make_plan(&g, &err), &err);
	tree_run(tree, "mv other home/ws/src/ && echo new >home/ws/empty/new");
	before = manifest(tree);
	assert_ok(carry_out(&g, &err), &err);
	tree_run(tree, "cd home/ws && "
		       "getfacl -n src/other | grep -q '^user:990:rwx$' && "
		       "getfacl -n src/other/g | grep -q '^user:990:rw-$' && "
		       "getfacl -n src/other/deep/f | "
		       "grep -q '^user:990:rw-$' && "
		       "getfacl -n empty/new | grep -q '^user:990:rw-$'");
	undo_now(&g);
	after = manifest(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	end(&g);
}

/* A mask that hides rights of others is left alone, and a note says so. */
static void test_grant__masked_files_are_left_out(void **state)
{
	struct tree *tree = *state;
	struct granting g;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "cd home/ws && setfacl -m u:7:rw src/main.c && "
		       "chmod 600 src/main.c");
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	grant_now(&g);
	tree_run(tree, "cd home/ws && ! getfacl -n src/main.c | grep -q 990 && "
		       "test \"$(stat -c %%a src/main.c)\" = 600");
	assert_true(sbk_plan_note_count(g.plan) > 0);
	assert_non_null(strstr(sbk_plan_note_at(g.plan, 0), "main.c"));
	undo_now(&g);
	end(&g);
}

/* Overlapping roots, a link to a root, a root twice: one change each. */
static void test_grant__overlapping_roots(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	char *before, *after;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "ln -s ws/src home/alias && mkdir home/ws-b");
	before = manifest(tree);
	begin(&g, tree, SBK_RIGHTS_READ, "home/ws/src");
	g.paths[1] = strdup(tree_path(tree, "home/ws"));
	g.paths[2] = strdup(tree_path(tree, "home/alias"));
	g.paths[3] = strdup(tree_path(tree, "home/ws-b"));
	g.request.path_count = 4;
	grant_now(&g);
	assert_int_equal(sbk_plan_root_count(g.plan), 2);
	undo_now(&g);
	after = manifest(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	end(&g);
}

/* One of many objects changed since: nothing is left of the grant, and the
 * record says which were never made. */
static void test_grant__a_failure_among_many(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	struct sbk_error err = SBK_ERROR_INIT;
	char *before, *after;
	size_t i;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	make_workspace(tree);
	tree_run(tree, "cd home/ws/src && seq 300 | xargs touch");
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	assert_ok(make_plan(&g, &err), &err);
	tree_run(tree, "chmod 604 home/ws/src/200");
	before = manifest(tree);
	assert_error(carry_out(&g, &err), SBK_E_CONFLICT, &err);
	assert_non_null(strstr(err.message, "src/200"));
	for (i = 0; i < sbk_plan_count(g.plan); i++)
		if (strstr(sbk_plan_at(g.plan, i)->object.name, "src/200"))
			assert_int_equal(sbk_plan_at(g.plan, i)->status,
					 SBK_STATUS_UNDONE);
	undo_now(&g);
	after = manifest(tree);
	assert_string_equal(before, after);
	free(before);
	free(after);
	end(&g);
}

/* A slow recorder that looks whether a batch is touched while it is being
 * prepared. Helpers of the backend are at work on the one before. */
struct watching {
	struct sbk_recorder inner;
	size_t batches, touched, made_before;
};

static int watch_prepare(void *self, struct sbk_change *const *changes,
			 size_t count, struct sbk_error *err)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	struct watching *watching = self;
	size_t i;
	int rc;

	(void)nanosleep(&moment, NULL);
	for (i = 0; i < count; i++)
		watching->touched +=
			getxattr(changes[i]->object.name,
				 "system.posix_acl_access", NULL, 0) > 0;
	rc = sbk_recorder_prepare(&watching->inner, changes, count, err);
	watching->batches++;
	return rc;
}

static int watch_settle(void *self, struct sbk_change *const *changes,
			size_t count, struct sbk_error *err)
{
	struct watching *watching = self;
	size_t i;

	for (i = 0; i < count; i++)
		watching->made_before +=
			getxattr(changes[i]->object.name,
				 "system.posix_acl_access", NULL, 0) > 0;
	return sbk_recorder_settle(&watching->inner, changes, count, err);
}

static const struct sbk_recorder_ops watching_ops = {.prepare = watch_prepare,
						     .settle = watch_settle};

static void test_grant__touches_nothing_before_it_is_prepared(void **state)
{
	struct tree *tree = *state;
	struct granting g;
	struct watching watching = {.batches = 0};
	struct sbk_recorder recorder = {.ops = &watching_ops,
					.self = &watching};
	struct sbk_apply_options options = {.batch_changes = 100};
	struct sbk_error err = SBK_ERROR_INIT;

	if (!tree_has_acls(tree))
		sbk_test_skip("needs a filesystem with ACLs");
	tree_run(tree, "mkdir -p home/ws && cd home/ws && "
		       "seq -f file%%g 600 | xargs touch");
	begin(&g, tree, SBK_RIGHTS_WRITE, "home/ws");
	watching.inner = recorded_recorder(&g.recorded);
	assert_ok(make_plan(&g, &err), &err);
	assert_ok(sbk_apply(&tree->backend, &recorder, g.plan, &options,
			    &g.result, &err),
		  &err);
	assert_null(g.recorded.sequence_error);
	assert_int_equal(watching.batches, 7);
	assert_int_equal(watching.touched, 0);
	/* The control: what is settled has been touched, and is seen to be. */
	assert_int_equal(watching.made_before, sbk_plan_count(g.plan));
	undo_now(&g);
	end(&g);
}

#define TREE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

static const struct CMUnitTest tests[] = {
	TREE_TEST(test_grant__whole_life),
	TREE_TEST(test_grant__names_what_is_above),
	TREE_TEST(test_grant__twice_changes_nothing),
	TREE_TEST(test_grant__secret_files),
	TREE_TEST(test_grant__entries_of_others_are_recorded),
	TREE_TEST(test_grant__files_with_other_names),
	TREE_TEST(test_grant__refusals_change_nothing),
	TREE_TEST(test_grant__volumes_without_acls_are_refused),
	TREE_TEST(test_grant__what_came_in_meanwhile),
	TREE_TEST(test_grant__masked_files_are_left_out),
	TREE_TEST(test_grant__overlapping_roots),
	TREE_TEST(test_grant__a_failure_among_many),
	TREE_TEST(test_grant__touches_nothing_before_it_is_prepared),
};

SBK_TEST_MAIN(tests)
