/*
 * The power fails at each sync of a command, of SQLite's and of ours
 * (tests/support/disk.h): what was not synced is lost, or a part of it is, or
 * garbled, in sectors of 512 and 4096 bytes, in the files of the journal, its
 * key, its copy for readers and its directories; what the backend had not
 * flushed of the world is lost, too. After each, in new processes, these hold
 * (tests/README.md, the invariants):
 *
 *	I1 what is not as it was at the start has an intent
 *	I2 after recovery nothing is only prepared, and each object is what
 *	   the record says
 *	I3 undo brings every object back, byte for byte
 *	I4 and none that is not in the journal was ever touched
 *	I5 recovering again changes neither world nor log
 *	I6 removal leaves nothing of ours
 *	I7 the log is what every checkpoint says that a reader could have had
 *	   before: right before the cut, after recovery, after undo
 *	I8 an object that cannot be reached stays owed and hinders no other
 *
 * Then the command completes, its caller hears of it, and the power fails:
 * what was called confirmed or undone is so.
 *
 * Everyday each sync (sanitized: every fourth) is met by one cut that loses all
 * and one that loses some. SBK_CAMPAIGN=1 takes 40 seeds; with SBK_PART=3/8 the
 * third of them, the eleventh, and so on.
 */
#include "tests/journal/life.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/segment.h"
#include "journal/signing.h"
#include "tests/support/disk.h"
#include "tests/support/fault.h"

#include "engine/banned.h"

#define SYNCS_MAX 500
#define SEEDS 40 /* of the campaign */
#define ANCHORS_MAX 8

static const char *const self = "/proc/self/exe";
static unsigned long cuts;
static bool going_on;
static bool *completed; /* shared with the children */

/* One cut, and what it is held to. */
struct cut {
	life_fn *command;
	enum sbk_book book;
	unsigned long at;     /* the sync of the command, */
	unsigned long before; /* and of the grant that it recovers; 0 */
	enum disk_loss loss;
	size_t sector;
	uint64_t seed;
	char *world; /* at the start */
	char root[4096], kept[4096], anchor[4096];
	size_t anchors;
	bool completed; /* the caller had heard that it went well */
};

/* --- what readers had ----------------------------------------------------- */

/* In a process of its own: the newest checkpoint, as a reader gets it. */
static int write_checkpoint(const char *directory, const char *book,
			    const char *base, const char *path)
{
	struct sbk_journal_place place = {
		.book = (enum sbk_book)(book[0] - '0'),
		.base = (size_t)strtoul(base, NULL, 10),
		.owner = sbk_owner_of_number((uint32_t)geteuid()),
	};
	struct sbk_buf note = SBK_BUF_INIT;
	struct sbk_journal *journal = NULL;
	FILE *file;
	int rc;

	(void)snprintf(place.directory, sizeof(place.directory), "%s",
		       directory);
	rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, NULL);
	if (rc == 0)
		rc = sbk_checkpoint_read(journal, 0, &note, NULL);
	sbk_journal_close(journal);
	if (rc < 0)
		return 0; /* there is none to be had */
	file = fopen(path, "w");
	if (file == NULL || fwrite(note.data, note.size, 1, file) != 1 ||
	    fclose(file) != 0)
		return 1;
	sbk_buf_release(&note);
	return 0;
}

static struct fixture *current;
static struct cut *cutting;

static const char *live_name(const struct fixture *f)
{
	return f->place.book == SBK_BOOK_MACHINE ? SBK_LIVE_FILE
						 : SBK_JOURNAL_FILE;
}

static const char *wal_name(const struct fixture *f)
{
	return f->place.book == SBK_BOOK_MACHINE ? SBK_LIVE_FILE "-wal"
						 : SBK_JOURNAL_FILE "-wal";
}

static void anchor_path(const struct cut *cut, size_t i, char path[4200])
{
	(void)snprintf(path, 4200, "%s.%zu", cut->anchor, i);
}

/* Not from one that nobody has opened yet: the reader, who is on no disk of
 * ours, would be the first to make files beside it. */
static void take_anchor(void)
{
	char path[4200], book[16], base[32];
	int status = 0;
	pid_t pid;

	if (access(fixture_path(current, wal_name(current)), F_OK) < 0)
		return;
	(void)snprintf(book, sizeof(book), "%d", (int)current->place.book);
	(void)snprintf(base, sizeof(base), "%zu", current->place.base);
	anchor_path(cutting, cutting->anchors, path);
	pid = fork();
	if (pid == 0) {
		/* Where it has to wait for us it gets nothing. */
		(void)ualarm(300000, 0);
		(void)execl(self, "checkpoint", "--checkpoint",
			    current->place.directory, book, base, path,
			    (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	/* It may have been ended between the making of the file and its
	 * writing. */
	if (status != 0)
		(void)unlink(path);
}

/* What was not flushed of the world goes as the disk's does. */
static void lose_world(void)
{
	size_t i;

	take_anchor();
	for (i = 0; i < current->world->count; i++) {
		struct fake_object *object = &current->world->objects[i];

		if (cutting->loss == DISK_LOSES_ALL || disk_random(2) == 0)
			memcpy(object->state, object->durable,
			       sizeof(object->state));
		else
			memcpy(object->durable, object->state,
			       sizeof(object->state));
	}
}

/* The one taken at the cut is there already; it comes after that. */
static void assert_anchored(struct fixture *f, struct cut *cut)
{
	struct sbk_journal_verdict verdict;
	struct sbk_journal *journal;
	char path[4200], note[4096];
	size_t i;

	cut->anchors++;
	take_anchor();
	for (i = 0; i <= cut->anchors; i++) {
		struct sbk_journal_anchor anchor = {.note = note};
		FILE *file;

		anchor_path(cut, i, path);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		anchor.note_size = fread(note, 1, sizeof(note), file);
		assert_int_equal(fclose(file), 0);
		journal = fixture_open(f, SBK_JOURNAL_READ);
		assert_ok(sbk_journal_verify_against(journal, &anchor, &verdict,
						     &f->err),
			  &f->err);
		if (verdict.verdict != SBK_LOG_INTACT || verdict.findings > 0)
			fail_msg("anchor %zu: %s", i,
				 sbk_buf_text(&verdict.text));
		sbk_journal_verdict_release(&verdict);
		sbk_journal_close(journal);
	}
}

/* --- in children, so that nothing is remembered -------------------------- */

static int run_cut(struct fixture *f, void *arg)
{
	struct cut *cut = arg;
	int rc;

	disk_plan = (struct disk_plan){
		.root = cut->root,
		.kept = cut->kept,
		.cut_at = cut->at,
		.loss = cut->loss,
		.sector = cut->sector,
		.seed = cut->seed,
		.at_cut = lose_world,
	};
	rc = cut->command(f, &f->backend);
	if (rc < 0) {
		print_error("without a fault: %s\n", f->err.message);
		return 1;
	}
	*completed = true;
	disk_cut();
}

static int check_intended(struct fixture *f, void *arg)
{
	return life_is_intended(f, ((struct cut *)arg)->world) ? 0 : 1;
}

static int check_known(struct fixture *f, void *arg)
{
	return life_is_known(f, ((struct cut *)arg)->world) ? 0 : 1;
}

static int run_plain(struct fixture *f, void *arg)
{
	life_fn *command = *(life_fn **)arg;
	int rc = command(f, &f->backend);

	if (rc == SBK_E_INCOMPLETE)
		return 2;
	if (rc < 0)
		print_error("%s\n", f->err.message);
	return rc < 0;
}

static void run_well(struct fixture *f, life_fn *command, int code)
{
	life_fn *arg = command;

	assert_int_equal(fixture_child(run_plain, f, &arg), code);
}

/* --- what must hold ----------------------------------------------------- */

static uint64_t entries_of(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	uint64_t newest = 0;

	assert_ok(sbk_db_number(&journal->db, SBK_SQL_LAST_ENTRY, &newest,
				&f->err),
		  &f->err);
	sbk_journal_close(journal);
	return newest;
}

static void assert_recovers(struct fixture *f, struct cut *cut)
{
	char *world;
	uint64_t entries;

	assert_int_equal(fixture_child(check_intended, f, cut), 0);
	run_well(f, life_recover, 0);
	assert_int_equal(fixture_child(check_known, f, cut), 0);
	assert_anchored(f, cut);
	entries = entries_of(f);
	world = fixture_world(f);
	run_well(f, life_recover, 0);
	assert_int_equal(entries_of(f), entries);
	life_assert_world(f, world, "recovered again after", cut->at);
	free(world);
}

static bool is_empty(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool empty = directory != NULL;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			print_error("'%s' is left\n", entry->d_name);
			empty = false;
		}
	if (directory != NULL)
		(void)closedir(directory);
	return empty;
}

/* Something out of reach is owed, and all else is undone. */
static void assert_undone_but_one(struct fixture *f, struct cut *cut)
{
	struct fake_object *stuck =
		fake_find(f->world, SBK_KIND_ACCESS, "/w/f0");
	char state[FAKE_STATE_MAX];

	memcpy(state, stuck->state, sizeof(state));
	if (strstr(cut->world, state) != NULL && strstr(state, "u:990") == NULL)
		return; /* it is as it was */
	stuck->unreadable = true;
	run_well(f, life_undo, 2);
	assert_string_equal(stuck->state, state);
	stuck->unreadable = false;
	memcpy(stuck->state, "mode 644\n", 10);
	life_assert_world(f, cut->world, "but for one, after", cut->at);
	memcpy(stuck->state, state, sizeof(state));
}

static void forget_anchors(struct cut *cut)
{
	char path[4200];
	size_t i;

	for (i = 0; i <= cut->anchors; i++) {
		anchor_path(cut, i, path);
		(void)unlink(path);
	}
	cut->anchors = 0;
}

/* Who heard that it was dropped holds the only copy. */
static void assert_dropped(struct fixture *f)
{
	struct sbk_journal *journal = fixture_open(f, SBK_JOURNAL_READ);
	uint64_t cut = 0;

	assert_ok(sbk_segment_cut(&journal->db, &cut, &f->err), &f->err);
	assert_true(cut > 1);
	sbk_journal_close(journal);
}

static void assert_survived(struct fixture *f, struct cut *cut)
{
	const struct fake_object *granted;

	/* Where it was removed, the next is another log. */
	if (cut->command == life_remove &&
	    access(fixture_path(f, live_name(f)), F_OK) < 0)
		forget_anchors(cut);
	assert_recovers(f, cut);
	granted = fake_find(f->world, SBK_KIND_ACCESS, "/w/f0");
	if (cut->completed && cut->command == life_grant)
		assert_non_null(strstr(granted->state, "u:990"));
	if (cut->completed && cut->command == life_drop)
		assert_dropped(f);
	if (cut->completed && cut->command == life_undo)
		life_assert_world(f, cut->world, "undone, and cut at", cut->at);
	if (cut->seed % 2 == 1)
		assert_undone_but_one(f, cut);
	run_well(f, life_undo, 0);
	life_assert_world(f, cut->world, "after a cut at sync", cut->at);
	fixture_assert_sound(f);
	assert_anchored(f, cut);
	if (f->place.book == SBK_BOOK_MACHINE)
		life_assert_published(f);
	run_well(f, life_remove, 0);
	assert_true(is_empty(cut->root));
}

/* --- the sweep ------------------------------------------------------------ */

static void begin(struct fixture **out, struct cut *cut)
{
	struct fixture *f;
	void *state = NULL;

	assert_int_equal(fixture_setup(&state), 0);
	f = state;
	f->place.book = cut->book;
	life_build(f);
	cut->world = fixture_world(f);
	cut->anchors = 0;
	(void)snprintf(cut->root, sizeof(cut->root), "%s/home", f->directory);
	(void)snprintf(cut->kept, sizeof(cut->kept), "%s/kept", f->directory);
	(void)snprintf(cut->anchor, sizeof(cut->anchor), "%s/anchor",
		       f->directory);
	assert_int_equal(mkdir(cut->kept, 0700), 0);
	current = f;
	cutting = cut;
	*out = f;
}

/* What the command needs to be there. */
static void prepare(struct fixture *f, struct cut *cut)
{
	struct cut before = *cut;

	if (cut->command == life_grant || cut->command == life_run)
		return;
	before.command = life_grant;
	before.at = cut->before;
	if (cut->before == 0)
		run_well(f, life_grant, 0);
	else
		assert_int_equal(fixture_child(run_cut, f, &before),
				 FAULT_EXIT);
	/* What is in effect cannot be dropped. */
	if (cut->command == life_drop)
		run_well(f, life_undo, 0);
	*completed = false;
	take_anchor();
	cut->anchors++;
}

/* Whether the command had completed before that sync. */
static bool one_cut(struct cut *cut)
{
	struct fixture *f;
	void *state;

	*completed = false;
	going_on = true;
	begin(&f, cut);
	prepare(f, cut);
	assert_int_equal(fixture_child(run_cut, f, cut), FAULT_EXIT);
	cuts++;
	cut->completed = *completed;
	assert_survived(f, cut);
	free(cut->world);
	state = f;
	assert_int_equal(fixture_teardown(&state), 0);
	going_on = false;
	return cut->completed;
}

/* How to come back to a cut that was not survived. */
static int say(void **state)
{
	(void)state;
	if (going_on)
		print_error("it was the cut at sync %lu, seed %llu, sectors of "
			    "%zu bytes, before it %lu\n",
			    cutting->at, (unsigned long long)cutting->seed,
			    cutting->sector, cutting->before);
	going_on = false;
	return 0;
}

static bool campaign(void)
{
	const char *set = getenv("SBK_CAMPAIGN");

	return set != NULL && strcmp(set, "1") == 0;
}

/* SBK_PART=K/N: of its seeds the K-th, and every N-th after it. */
static struct part {
	uint64_t first, of;
} campaign_part(void)
{
	const char *set = getenv("SBK_PART");
	struct part part = {1, 1};
	char *slash = NULL;

	if (!campaign() || set == NULL)
		return part;
	part.first = strtoul(set, &slash, 10);
	part.of = *slash == '/' ? strtoul(slash + 1, NULL, 10) : 0;
	assert_in_range(part.of, 1, SEEDS);
	assert_in_range(part.first, 1, part.of);
	return part;
}

/* Every sync of the command, until it completes. */
static unsigned long sweep(life_fn *command, enum sbk_book book,
			   unsigned long before)
{
	const uint64_t seeds = campaign() ? SEEDS : 1;
	const struct part part = campaign_part();
	const unsigned long step = campaign() ? 1 : SBK_TEST_SHARE;
	static struct cut cut; /* for `say`, too */
	bool complete = false;

	cut = (struct cut){.command = command, .book = book, .before = before};
	cuts = 0;
	for (cut.at = 1; !complete; cut.at += step) {
		assert_in_range(cut.at, 1, SYNCS_MAX);
		cut.loss = DISK_LOSES_ALL;
		cut.sector = 4096;
		cut.seed = 0;
		complete = one_cut(&cut);
		cut.loss = DISK_LOSES_SOME;
		for (cut.seed = part.first; cut.seed <= seeds;
		     cut.seed += part.of) {
			cut.sector = (cut.at + cut.seed) % 2 == 0 ? 512 : 4096;
			/* Another world for each sync, too. */
			cut.seed += cut.at * 1000;
			complete = one_cut(&cut);
			cut.seed -= cut.at * 1000;
		}
	}
	print_message("%lu syncs, %lu cuts\n", cut.at - 1 - step, cuts);
	return cut.at - 1 - step;
}

static void test_power_cut__grant(void **state)
{
	(void)state;
	assert_in_range(sweep(life_grant, SBK_BOOK_USER, 0), 10, SYNCS_MAX);
}

static void test_power_cut__grant_in_twos(void **state)
{
	(void)state;
	life_batch_changes = 2;
	assert_in_range(sweep(life_grant, SBK_BOOK_USER, 0), 10, SYNCS_MAX);
	life_batch_changes = 0;
}

static void test_power_cut__grant_of_the_machine(void **state)
{
	(void)state;
	assert_in_range(sweep(life_grant, SBK_BOOK_MACHINE, 0), 10, SYNCS_MAX);
}

static void test_power_cut__undo(void **state)
{
	(void)state;
	assert_in_range(sweep(life_undo, SBK_BOOK_USER, 0), 3, SYNCS_MAX);
}

static void test_power_cut__undo_of_the_machine(void **state)
{
	(void)state;
	assert_in_range(sweep(life_undo, SBK_BOOK_MACHINE, 0), 5, SYNCS_MAX);
}

static void test_power_cut__key_handed_over(void **state)
{
	(void)state;
	assert_in_range(sweep(life_rotate, SBK_BOOK_USER, 0), 3, SYNCS_MAX);
}

static void test_power_cut__run(void **state)
{
	(void)state;
	assert_in_range(sweep(life_run, SBK_BOOK_USER, 0), 3, SYNCS_MAX);
}

static void test_power_cut__drop(void **state)
{
	(void)state;
	assert_in_range(sweep(life_drop, SBK_BOOK_USER, 0), 3, SYNCS_MAX);
}

static void test_power_cut__removal(void **state)
{
	(void)state;
	assert_in_range(sweep(life_remove, SBK_BOOK_USER, 0), 5, SYNCS_MAX);
}

/* The power fails in a grant, everyday right before and at the sync from which
 * its intents are durable, and again while that is recovered. */
static void test_power_cut__recovery(void **state)
{
	static const struct {
		size_t batch;
		unsigned long durable;
	} grants[] = {{0, 35}, {2, 24}};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const unsigned long durable = grants[i].durable;
		unsigned long at = campaign() ? 1 : durable - 1;

		life_batch_changes = grants[i].batch;
		for (; at <= durable + (campaign() ? 2 : 0); at++)
			(void)sweep(life_recover, SBK_BOOK_USER, at);
	}
	life_batch_changes = 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(test_power_cut__grant, say),
	cmocka_unit_test_teardown(test_power_cut__grant_in_twos, say),
	cmocka_unit_test_teardown(test_power_cut__grant_of_the_machine, say),
	cmocka_unit_test_teardown(test_power_cut__undo, say),
	cmocka_unit_test_teardown(test_power_cut__undo_of_the_machine, say),
	cmocka_unit_test_teardown(test_power_cut__key_handed_over, say),
	cmocka_unit_test_teardown(test_power_cut__run, say),
	cmocka_unit_test_teardown(test_power_cut__drop, say),
	cmocka_unit_test_teardown(test_power_cut__removal, say),
	cmocka_unit_test_teardown(test_power_cut__recovery, say),
};

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "--checkpoint") == 0)
		return write_checkpoint(argv[2], argv[3], argv[4], argv[5]);
	/* The power cut is played: a real disk would only be slow. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 1);
	completed = mmap(NULL, sizeof(*completed), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (completed == MAP_FAILED)
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
