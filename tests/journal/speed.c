/*
 * How long the journal takes for a large tree: 200,000 changes prepared,
 * settled, loaded, verified and undone, with a backend that does nothing. Not
 * a test: prints numbers. Run it in a directory on the volume in question:
 *	TMPDIR=/var/tmp build/.../journal_speed [changes]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "journal/internal.h"
#include "tests/support/test.h"

#include "engine/banned.h"

static struct timespec started;
static clock_t started_cpu; /* says more where others work, too */

static void start(void)
{
	clock_gettime(CLOCK_MONOTONIC, &started);
	started_cpu = clock();
}

static void stop(const char *what, size_t count)
{
	struct timespec now;
	double s;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s = (double)(now.tv_sec - started.tv_sec) +
	    (double)(now.tv_nsec - started.tv_nsec) / 1e9;
	printf("%-28s %7.3f s  %9.0f/s  %7.3f s of processor\n", what, s,
	       (double)count / s,
	       (double)(clock() - started_cpu) / CLOCKS_PER_SEC);
	fflush(stdout);
}

static void check(int rc, const struct sbk_error *err)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static void fill(struct sbk_plan *plan, size_t count, struct sbk_error *err)
{
	static const char *const states[4] = {
		"owner 1000\ngroup 1000\nmode 0644\nacl u::rw-,g::r--,o::r--",
		"owner 1000\ngroup 1000\nmode 0755\nacl u::rwx,g::r-x,o::r-x",
		"owner 1000\ngroup 1000\nmode 0664\nacl "
		"u::rw-,u:990:rw-,g::r--,m::rw-,o::r--",
		"owner 1000\ngroup 1000\nmode 0775\nacl "
		"u::rwx,u:990:rwx,g::r-x,m::rwx,o::r-x",
	};
	char name[128], identity[96];
	size_t i;

	for (i = 0; i < count; i++) {
		struct sbk_change change = {
			.object = {.kind = SBK_KIND_ACCESS,
				   .name = name,
				   .identity = identity},
			.before = {.data = states[i % 2],
				   .size = strlen(states[i % 2])},
			.after = {.data = states[2 + i % 2],
				  .size = strlen(states[2 + i % 2])},
			.ours = "access u:990:rw-",
			.reason = "grant to sandbox-1-off",
		};

		snprintf(name, sizeof(name),
			 "/home/user/project/directory%zu/source_file%zu.c",
			 i / 200, i);
		snprintf(identity, sizeof(identity),
			 "7c0a4f51-5b52-4b0c-8f7e-1d2c3b4a5968:1:%016zx",
			 i * 2654435761u);
		check(sbk_plan_add(plan, &change, err), err);
	}
}

static void record(struct sbk_journal *journal, struct sbk_plan *plan,
		   enum sbk_transaction_kind kind, struct sbk_error *err)
{
	struct sbk_recorder recorder = sbk_journal_recorder(journal);
	struct sbk_change *batch[SBK_BATCH_CHANGES];
	size_t i, used = 0;
	uint64_t id;

	check(sbk_journal_begin(journal, kind, "speed", &id, err), err);
	for (i = 0; i < sbk_plan_count(plan); i++) {
		batch[used++] = sbk_plan_at(plan, i);
		if (used < SBK_BATCH_CHANGES && i + 1 < sbk_plan_count(plan))
			continue;
		check(sbk_recorder_prepare(&recorder, batch, used, err), err);
		while (used > 0)
			batch[--used]->status = SBK_STATUS_CONFIRMED;
		used = i % SBK_BATCH_CHANGES + 1;
		check(sbk_recorder_settle(&recorder, batch, used, err), err);
		used = 0;
	}
	check(sbk_journal_end(journal, true, err), err);
}

int main(int argc, char **argv)
{
	const struct sbk_journal_filter open = {.unsettled = true};
	const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;
	struct sbk_journal_place place = {.book = SBK_BOOK_USER,
					  .owner = (uint32_t)geteuid()};
	char *directory = sbk_test_directory("speed");
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *plan = sbk_plan_new(), *inverse = sbk_plan_new();
	struct sbk_plan *loaded = sbk_plan_new();
	struct sbk_journal *journal = NULL;
	struct sbk_journal_verdict verdict;
	char path[8192];
	struct stat st;
	uint64_t session;
	size_t i;

	snprintf(place.directory, sizeof(place.directory), "%s/j", directory);
	start();
	check(sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal, &err),
	      &err);
	stop("create", 1);
	check(sbk_journal_lock(journal, 0, &err), &err);
	fill(plan, count, &err);
	start();
	record(journal, plan, SBK_TRANSACTION_DO, &err);
	stop("prepare and settle", count);
	if (argc > 2)
		return 0;
	start();
	sbk_journal_close(journal);
	stop("close", 1);
	start();
	check(sbk_journal_open(&place, SBK_JOURNAL_WRITE, &journal, &err),
	      &err);
	stop("open", 1);
	check(sbk_journal_lock(journal, 0, &err), &err);
	start();
	check(sbk_journal_load(journal, &open, loaded, &err), &err);
	stop("load", count);
	start();
	check(sbk_journal_check(journal, &err), &err);
	stop("check", count);
	start();
	check(sbk_journal_verify(journal, &verdict, &err), &err);
	stop("verify", (size_t)verdict.entries);
	if (verdict.findings > 0)
		printf("%s", sbk_buf_text(&verdict.text));
	sbk_journal_verdict_release(&verdict);
	for (i = count; i > 0; i--) {
		struct sbk_change *change = sbk_plan_at(loaded, i - 1);
		struct sbk_change undo = {
			.object = change->object,
			.before = change->after,
			.after = change->before,
			.undoes = change->id,
			.reason = "undo",
		};

		check(sbk_plan_add(inverse, &undo, &err), &err);
	}
	snprintf(path, sizeof(path), "%s/journal.db", place.directory);
	stat(path, &st);
	printf("journal.db %ld KiB", (long)(st.st_size >> 10));
	snprintf(path, sizeof(path), "%s/reserve", place.directory);
	stat(path, &st);
	printf(", reserve %ld KiB\n", (long)(st.st_size >> 10));
	start();
	record(journal, inverse, SBK_TRANSACTION_UNDO, &err);
	stop("undo: prepare and settle", count);
	snprintf(path, sizeof(path), "%s/journal.db", place.directory);
	stat(path, &st);
	printf("journal.db %ld KiB", (long)(st.st_size >> 10));
	snprintf(path, sizeof(path), "%s/journal.db-wal", place.directory);
	stat(path, &st);
	printf(", -wal %ld KiB\n", (long)(st.st_size >> 10));
	sbk_journal_close(journal);
	start();
	for (i = 0; i < 100; i++) {
		check(sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal,
				       &err),
		      &err);
		check(sbk_session_begin(journal, "\"command\":[\"true\"]",
					&session, &err),
		      &err);
		check(sbk_session_end(journal, session, "\"exit\":0", &err),
		      &err);
		sbk_journal_close(journal);
	}
	stop("sessions, each opened", 100);
	sbk_plan_free(plan);
	sbk_plan_free(inverse);
	sbk_plan_free(loaded);
	sbk_test_remove(directory);
	return 0;
}
