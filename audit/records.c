/*
 * Opening and loading journals. The journal's own diagnosis decides whether
 * one can be read; here only is decided which ones, and that a damaged journal
 * of one person keeps nobody from an audit of the rest.
 */
#include "audit/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os_census.h"
#include "journal/journal.h"

#include "engine/banned.h"

struct loading {
	const struct sbk_records_request *request;
	struct sbk_report *report;
	struct sbk_records *records;
	struct sbk_arena seen; /* directories, since homes may be shared */
	const char **directories;
	size_t directory_count;
};

static int append(struct sbk_records *records,
		  const struct sbk_record_book *book, struct sbk_error *err)
{
	struct sbk_record_book *books =
		realloc(records->books, (records->count + 1) * sizeof(*books));

	if (books == NULL)
		return sbk_error_no_memory(err);
	records->books = books;
	records->books[records->count++] = *book;
	return 0;
}

static void release_book(struct sbk_record_book *book)
{
	sbk_plan_free(book->changes);
	sbk_plan_free(book->standing);
	sbk_plan_free(book->owed);
	book->changes = book->standing = book->owed = NULL;
}

/* Whether a change of the kind may stand; not known is yes. */
static bool may_stand(const struct sbk_records_request *request,
		      struct sbk_plan *changes, enum sbk_kind kind)
{
	size_t i;

	if (sbk_kind_sealed(kind) ||
	    (request->kind != NULL &&
	     strcmp(request->kind, sbk_kind_name(kind)) != 0))
		return false;
	if (request->standing_only)
		return true;
	for (i = 0; i < sbk_plan_count(changes); i++)
		if (sbk_plan_at(changes, i)->object.kind == kind)
			return true;
	return false;
}

/*
 * Kind by kind, since one sealed state that may not be read is an error. Each
 * is a walk through all changes, so that it is not made in vain.
 */
static int load_standing(struct sbk_journal *journal,
			 const struct sbk_records_request *request,
			 struct sbk_plan *changes, struct sbk_plan *out,
			 struct sbk_error *err)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < SBK_KIND_COUNT; i++) {
		struct sbk_journal_filter filter = {
			.kind = sbk_kind_name((enum sbk_kind)i),
			.unsettled = true,
		};

		if (!may_stand(request, changes, (enum sbk_kind)i))
			continue;
		rc = sbk_journal_load(journal, &filter, out, err);
	}
	return rc;
}

static int load_changes(struct sbk_journal *journal,
			const struct sbk_records_request *request,
			struct sbk_record_book *book, struct sbk_error *err)
{
	const struct sbk_journal_filter filter = {.kind = request->kind};
	int rc = 0;

	book->changes = sbk_plan_new();
	book->standing = sbk_plan_new();
	if (book->changes == NULL || book->standing == NULL)
		rc = sbk_error_no_memory(err);
	if (rc == 0 && !request->standing_only)
		rc = sbk_journal_load(journal, &filter, book->changes, err);
	if (rc == 0)
		rc = load_standing(journal, request, book->changes,
				   book->standing, err);
	if (rc == 0 && request->backend != NULL) {
		book->owed = sbk_plan_new();
		rc = book->owed == NULL
			     ? sbk_error_no_memory(err)
			     : sbk_journal_plan_owed(journal, request->backend,
						     NULL, book->owed, err);
	}
	if (rc < 0)
		release_book(book);
	return rc;
}

/*
 * One that is not what its log says is a finding. It is compared all the same:
 * what can be read of it is what there is, beside the host itself.
 */
static int tell_altered(struct loading *loading,
			const struct sbk_record_book *book,
			struct sbk_error *problem, struct sbk_error *err)
{
	const struct sbk_finding finding = {
		.severity = SBK_SEVERITY_FINDING,
		.rule = "journal.altered",
		.object = book->title,
		.text = problem->message,
		.remedy = book->machine ? "sandbook journal verify --machine"
					: "sandbook journal verify",
		.objects = 1,
	};
	int rc = sbk_report_add(loading->report, &finding, err);

	sbk_error_clear(problem);
	return rc;
}

/*
 * Root opens no journal of anybody else's: SQLite in root's hands would make
 * and give away files beside it, wait for locks that its owner holds, and
 * parse what its owner made.
 */
static int open_book(const struct sbk_journal_place *place,
		     const struct sbk_person *person,
		     struct sbk_journal **journal, struct sbk_error *err)
{
	struct sbk_file file;
	int rc;

	if (person != NULL && sbk_os_elevated() && person->uid != 0) {
		/* Most have none, and need no errand to say so. */
		if (sbk_os_look(place->directory, &file, NULL) ==
		    SBK_E_NOTFOUND)
			return SBK_E_NOTFOUND;
		return sbk_journal_fetch(person, journal, err);
	}
	rc = sbk_journal_open(place, SBK_JOURNAL_READ, journal, err);
	return rc == 0 ? sbk_journal_check(*journal, err) : rc;
}

/* Adds the book; one that is not there is no book. `person`: whose it is. */
static int load_book(struct loading *loading,
		     const struct sbk_journal_place *place,
		     const struct sbk_person *person,
		     struct sbk_record_book *book, struct sbk_error *err)
{
	struct sbk_error problem = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	int rc = open_book(place, person, &journal, &problem);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc == SBK_E_CORRUPT && journal != NULL)
		rc = tell_altered(loading, book, &problem, err);
	if (rc == 0)
		rc = load_changes(journal, loading->request, book, &problem);
	sbk_journal_close(journal);
	if (rc == SBK_E_NOMEM)
		return sbk_error_no_memory(err);
	if (rc < 0)
		return sbk_report_missed(loading->report, book->title,
					 problem.message, err);
	rc = append(loading->records, book, err);
	if (rc < 0)
		release_book(book);
	return rc;
}

static int load_machine(struct loading *loading, struct sbk_error *err)
{
	struct sbk_record_book book = {.title = "the machine's journal",
				       .machine = true};
	struct sbk_journal_place place;
	int rc = sbk_journal_place_machine(&place, err);

	return rc < 0 ? rc : load_book(loading, &place, NULL, &book, err);
}

/* 1 where the directory was seen before. */
static int note_directory(struct loading *loading, const char *directory,
			  struct sbk_error *err)
{
	const char **grown;
	size_t i;

	for (i = 0; i < loading->directory_count; i++)
		if (strcmp(loading->directories[i], directory) == 0)
			return 1;
	grown = realloc(loading->directories,
			(loading->directory_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return sbk_error_no_memory(err);
	loading->directories = grown;
	grown[loading->directory_count] =
		sbk_arena_strdup(&loading->seen, directory);
	if (grown[loading->directory_count] == NULL)
		return sbk_error_no_memory(err);
	loading->directory_count++;
	return 0;
}

static int load_person(void *arg, const struct sbk_person *person,
		       struct sbk_error *err)
{
	struct loading *loading = arg;
	struct sbk_record_book book = {.owner = person->uid};
	struct sbk_journal_place place;
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = sbk_journal_place_user(person, &place, &why);

	/* An account without a home of its own, or a profile, keeps none. */
	if (rc == SBK_E_INVAL || rc == SBK_E_NOTFOUND)
		return 0;
	(void)snprintf(book.title, sizeof(book.title), "the journal of '%s'",
		       person->name);
	if (rc < 0)
		return sbk_report_missed(loading->report, book.title,
					 why.message, err);
	rc = note_directory(loading, place.directory, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return load_book(loading, &place, person, &book, err);
}

static int load_people(struct loading *loading, struct sbk_error *err)
{
	struct sbk_person caller;
	int rc;

	if (sbk_os_elevated())
		return sbk_os_people(load_person, loading, err);
	rc = sbk_os_caller(&caller, err);
	/* Whom the database does not know has no home, and so no journal. */
	if (rc == SBK_E_NOTFOUND)
		return 0;
	return rc < 0 ? rc : load_person(loading, &caller, err);
}

int sbk_records_load(const struct sbk_records_request *request,
		     struct sbk_report *report, struct sbk_records *out,
		     struct sbk_error *err)
{
	struct sbk_records records = {.books = NULL};
	struct loading loading = {
		.request = request, .report = report, .records = &records};
	int rc = 0;

	if (request->machine)
		rc = load_machine(&loading, err);
	if (rc == 0 && request->user)
		rc = load_people(&loading, err);
	sbk_arena_release(&loading.seen);
	free(loading.directories);
	if (rc < 0)
		sbk_records_release(&records);
	else
		*out = records;
	return rc;
}

void sbk_records_release(struct sbk_records *records)
{
	size_t i;

	for (i = 0; i < records->count; i++)
		release_book(&records->books[i]);
	free(records->books);
	*records = (struct sbk_records){.books = NULL};
}
