/*
 * The journal of another person, for root: an errand as that person opens it,
 * checks it and hands its log over as text; root makes a journal in memory of
 * the text. Owns both sides of the errand.
 *
 * It answers with a line of its own, {"code":0,"message":""}, and, where the
 * journal could be opened, with what `journal export` prints.
 */
#include "journal/cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"
#include "engine/os.h"
#include "engine/os_admin.h"

#include "engine/banned.h"

#define FETCH_MS 30000

/* --- as the person -------------------------------------------------------- */

static int answer(void *arg, const struct sbk_buf *chunk, struct sbk_error *err)
{
	(void)arg;
	return sbk_os_errand_answer(sbk_buf_text(chunk), chunk->size, err);
}

static int answer_first(const struct sbk_error *why)
{
	struct sbk_buf line = SBK_BUF_INIT;
	int rc;

	sbk_json_open(&line, '{');
	sbk_json_integer(&line, "code", why->code);
	sbk_json_string(&line, "message", why->message);
	sbk_buf_adds(&line, "}\n");
	rc = sbk_buf_failed(&line, NULL);
	if (rc == 0)
		rc = answer(NULL, &line, NULL);
	sbk_buf_release(&line);
	return rc;
}

int sbk_cmd_journal_errand(void)
{
	struct sbk_error why = SBK_ERROR_INIT;
	struct sbk_journal *journal = NULL;
	struct sbk_journal_place place;
	struct sbk_person person;
	int rc = sbk_os_caller(&person, &why);

	if (rc == 0)
		rc = sbk_journal_place_user(&person, &place, &why);
	if (rc == 0)
		rc = sbk_journal_open(&place, SBK_JOURNAL_READ, &journal, &why);
	if (rc == 0)
		rc = sbk_journal_check(journal, &why);
	rc = answer_first(&why);
	if (rc == 0 && journal != NULL)
		rc = sbk_journal_export(journal, answer, NULL, NULL);
	sbk_journal_close(journal);
	return rc == 0 ? SBK_EXIT_OK : SBK_EXIT_JOURNAL;
}

/* --- as root -------------------------------------------------------------- */

/* What the first line says: 0, or its error, with clean words. */
static int read_first(const char *text, size_t size, const char *title,
		      struct sbk_error *err)
{
	json_error_t why;
	json_t *line = sbk_json_load(text, size, JSON_REJECT_DUPLICATES, &why);
	const json_t *code = json_object_get(line, "code");
	const char *message =
		json_string_value(json_object_get(line, "message"));
	int rc = json_is_integer(code) ? (int)json_integer_value(code) : 1;

	if (message == NULL || rc > 0 || rc < -(int)SBK_ERROR_COUNT)
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "%s: what answered for its owner makes no "
				   "sense",
				   title);
	else if (rc < 0)
		(void)sbk_error_set(err, rc, "%.400s", message);
	json_decref(line);
	return rc;
}

static int read_answer(const struct sbk_buf *text, const char *title,
		       uint32_t owner, struct sbk_journal **out,
		       struct sbk_error *err)
{
	const char *data = sbk_buf_text(text);
	const char *stop = memchr(data, '\n', text->size);
	const size_t first = stop != NULL ? (size_t)(stop - data) : 0;
	int rc = read_first(data, first, title, err), imported;

	if (rc < 0 && rc != SBK_E_CORRUPT)
		return rc;
	if (first + 1 >= text->size) /* it could not be opened */
		return rc < 0 ? rc
			      : sbk_error_set(err, SBK_E_PARSE,
					      "%s was not handed over", title);
	imported = sbk_journal_import(data + first + 1, text->size - first - 1,
				      title, owner, out, rc < 0 ? NULL : err);
	return rc < 0 ? rc : imported;
}

int sbk_journal_fetch(const struct sbk_person *person, struct sbk_journal **out,
		      struct sbk_error *err)
{
	static const char *const words[] = {"journal", "export", "--json",
					    "--" SBK_FETCH_OPTION, NULL};
	struct sbk_buf text = SBK_BUF_INIT;
	char title[128];
	int rc;

	(void)snprintf(title, sizeof(title), "the journal of '%s'",
		       person->name);
	rc = sbk_os_fetch_as(person, words, FETCH_MS, SBK_FOREIGN_BYTES_MAX,
			     &text, err);
	if (rc == 0)
		rc = read_answer(&text, title, person->uid, out, err);
	sbk_buf_release(&text);
	return rc;
}
