/*
 * A person who forges a journal, with the program's own code: correctly hashed
 * and signed, with the present state of things as what was "made", and with
 * what the forger would like as what an undo puts back.
 *
 *	forge HOME UID OPEN LINE...
 *
 * LINE is "access PATH MODE OWNER", "file PATH" (a program of root's that was
 * "removed"), "gone PATH" (a file that was "made", to be removed), "link PATH
 * TARGET", "account NAME", "subid LINE" or "firewall". With OPEN 1 the
 * transaction never ended, so that recovery is what acts on it.
 *
 * Run it as root, which may read what it aims at; the journal is written as
 * UID, in HOME.
 */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/linux/access_state.h"
#include "engine/linux/file.h"
#include "engine/linux/firewall.h"
#include "engine/os.h"
#include "journal/journal.h"

#include "engine/banned.h"

struct forgery {
	struct sbk_backend backend;
	struct sbk_plan *plan;
	struct sbk_error err;
};

static int fail(const struct forgery *f, const char *what)
{
	fprintf(stderr, "forge: %s: %s\n", what, f->err.message);
	return 1;
}

/* Adds the change whose undo gives the object the state `wanted`. */
static int add(struct forgery *f, enum sbk_kind kind, const char *name,
	       const struct sbk_buf *wanted)
{
	struct sbk_observation now = SBK_OBSERVATION_INIT;
	struct sbk_change change = {
		.object = {.kind = kind, .name = name},
		.before = {sbk_buf_text(wanted), wanted->size},
		.reason = "forged",
	};
	int rc =
		sbk_backend_observe(&f->backend, &change.object, &now, &f->err);

	change.after = sbk_observation_state(&now);
	if (now.identity.size > 0)
		change.object.identity = sbk_buf_text(&now.identity);
	if (rc == 0)
		rc = sbk_plan_add(f->plan, &change, &f->err);
	sbk_observation_release(&now);
	return rc;
}

static int add_access(struct forgery *f, char **words, struct sbk_buf *wanted)
{
	const unsigned int mode = (unsigned int)strtoul(words[2], NULL, 8);
	const unsigned int owner = (unsigned int)strtoul(words[3], NULL, 10);
	struct sbk_access access = {.uid = owner, .gid = owner};
	struct stat st;

	if (lstat(words[1], &st) < 0)
		return -1;
	access.mode = (st.st_mode & S_IFMT) | mode;
	sbk_access_format(&access, wanted);
	return add(f, SBK_KIND_ACCESS, words[1], wanted);
}

static int add_line(struct forgery *f, char **words, struct sbk_buf *wanted)
{
	static const char program[] = "* * * * * root /tmp/forged\n";
	const char *kind = words[0];

	if (strcmp(kind, "access") == 0)
		return add_access(f, words, wanted);
	if (strcmp(kind, "gone") == 0)
		return add(f, SBK_KIND_FILE, words[1], wanted);
	if (strcmp(kind, "file") == 0) {
		sbk_file_state(wanted, 0, 0, 04755, program, strlen(program));
		return add(f, SBK_KIND_FILE, words[1], wanted);
	}
	if (strcmp(kind, "link") == 0) {
		sbk_link_state(wanted, words[2]);
		return add(f, SBK_KIND_LINK, words[1], wanted);
	}
	if (strcmp(kind, "subid") == 0) {
		sbk_buf_printf(wanted, "line %s\n", strchr(words[1], ':') + 1);
		return add(f, SBK_KIND_SUBID, words[1], wanted);
	}
	/* As it is not now: an account or a table that goes. */
	if (strcmp(kind, "account") == 0)
		return add(f, SBK_KIND_ACCOUNT, words[1], wanted);
	return add(f, SBK_KIND_FIREWALL, SBK_FIREWALL_NAME, wanted);
}

static int read_line(struct forgery *f, char *text)
{
	struct sbk_buf wanted = SBK_BUF_INIT;
	char *words[5] = {NULL}, *save = NULL;
	size_t count = 0;
	int rc;

	for (words[0] = strtok_r(text, " ", &save);
	     count < 4 && words[count] != NULL;
	     words[count] = strtok_r(NULL, " ", &save))
		count++;
	rc = add_line(f, words, &wanted);
	sbk_buf_release(&wanted);
	return rc;
}

static int record(struct forgery *f, struct sbk_journal *journal, bool open)
{
	const struct sbk_recorder recorder = sbk_journal_recorder(journal);
	const size_t count = sbk_plan_count(f->plan);
	struct sbk_change **changes = calloc(count + 1, sizeof(*changes));
	uint64_t id;
	size_t i;
	int rc;

	if (changes == NULL)
		return sbk_error_no_memory(&f->err);
	for (i = 0; i < count; i++)
		changes[i] = sbk_plan_at(f->plan, i);
	rc = sbk_journal_begin(journal, SBK_TRANSACTION_DO, "forged", &id,
			       &f->err);
	if (rc == 0)
		rc = sbk_recorder_prepare(&recorder, changes, count, &f->err);
	for (i = 0; i < count; i++)
		changes[i]->status = SBK_STATUS_CONFIRMED;
	if (rc == 0)
		rc = sbk_recorder_settle(&recorder, changes, count, &f->err);
	if (rc == 0 && !open)
		rc = sbk_journal_end(journal, true, &f->err);
	free(changes);
	return rc;
}

/* As the forger: the journal's owner must be who writes it. */
static int write_journal(struct forgery *f, const struct sbk_person *person,
			 bool open)
{
	struct sbk_journal_place place;
	struct sbk_journal *journal = NULL;
	int rc;

	if (setgroups(0, NULL) < 0 ||
	    setresgid(person->gid, person->gid, person->gid) < 0 ||
	    setresuid(person->uid, person->uid, person->uid) < 0)
		return -1;
	rc = sbk_journal_place_user(person, &place, &f->err);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_CREATE, &journal,
				      &f->err);
	if (rc == 0)
		rc = sbk_journal_lock(journal, 5000, &f->err);
	if (rc == 0)
		rc = record(f, journal, open);
	sbk_journal_close(journal);
	return rc;
}

int main(int argc, char **argv)
{
	struct forgery f = {.err = SBK_ERROR_INIT};
	struct sbk_person person = {.name = "forger"};
	int i;

	if (argc < 5)
		return 2;
	(void)umask(077);
	(void)snprintf(person.home, sizeof(person.home), "%s", argv[1]);
	person.uid = person.gid = (uint32_t)strtoul(argv[2], NULL, 10);
	person.id = sbk_owner_of_number(person.uid);
	f.plan = sbk_plan_new();
	if (f.plan == NULL || sbk_os_backend(&f.backend, &f.err) < 0)
		return fail(&f, "backend");
	for (i = 4; i < argc; i++)
		if (read_line(&f, argv[i]) < 0)
			return fail(&f, argv[i]);
	sbk_backend_close(&f.backend);
	if (write_journal(&f, &person, strcmp(argv[3], "1") == 0) < 0)
		return fail(&f, "journal");
	sbk_plan_free(f.plan);
	return 0;
}
