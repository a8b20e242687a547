/*
 * The comparison, as measured.h tells. Owns the reading of what was sent back:
 * whoever sent it may have written anything. Changes nothing: what is to be
 * pasted is printed.
 */
#include "tests/windows/acceptance/measured.h"

#include <stdlib.h>
#include <string.h>

#include "engine/buf.h"
#include "engine/json_load.h"

#include "engine/banned.h"

#define TEXT(X) #X

static const char *const question_names[SBK_ASK_COUNT] = {
#define QUESTION(Q) [SBK_ASK_##Q] = TEXT(Q)
	QUESTION(OWNER_READS),	   QUESTION(READ_BESIDE_WRITE),
	QUESTION(NO_OWNER),	   QUESTION(GENERIC_IN_ENTRY),
	QUESTION(OBJECT_ALLOW),	   QUESTION(OBJECT_DENY),
	QUESTION(CALLBACK_OBJECT), QUESTION(CALLBACK_OTHER),
	QUESTION(CALLBACK_DENY),   QUESTION(UNKNOWN_TYPE),
	QUESTION(RELABEL_OWNS),	   QUESTION(BACKUP_UPWARD),
	QUESTION(LABEL_OTHERS),	   QUESTION(SACL_LIMITS),
	QUESTION(LOW_PACKAGE),	   QUESTION(PACKAGE_DENY),
	QUESTION(PACKAGE_ANY),	   QUESTION(PACKAGE_NO_DACL),
	QUESTION(PACKAGE_LABEL),   QUESTION(PACKAGE_RESTRICTED),
#undef QUESTION
};

static const char *const answers[] = {
	[SBK_NO] = "no", [SBK_YES] = "yes", [SBK_OPEN] = "open"};
static const char *const passes[] = {[SBK_SECOND_PASS] = "both",
				     [SBK_FIRST_PASS] = "first",
				     [SBK_NOT_SETTLED] = "open"};

/* As access_table.c writes them, and README.md. */
static const struct right_text {
	unsigned objects;
	uint32_t right;
	const char *code, *words;
} texts[] = {
	{3, SBK_RIGHT_DELETE, "SBK_RIGHT_DELETE", "DELETE"},
	{3, SBK_RIGHT_READ_CONTROL, "SBK_RIGHT_READ_CONTROL", "READ_CONTROL"},
	{3, SBK_RIGHT_WRITE_DAC, "SBK_RIGHT_WRITE_DAC", "WRITE_DAC"},
	{3, SBK_RIGHT_WRITE_OWNER, "SBK_RIGHT_WRITE_OWNER", "WRITE_OWNER"},
	{3, SBK_RIGHT_SYNCHRONIZE, "SBK_RIGHT_SYNCHRONIZE", "SYNCHRONIZE"},
	{1, SBK_FILE_READ_DATA, "SBK_FILE_READ_DATA", "read data"},
	{1, SBK_FILE_WRITE_DATA, "SBK_FILE_WRITE_DATA", "write data"},
	{1, SBK_FILE_APPEND_DATA, "SBK_FILE_APPEND_DATA", "append data"},
	{1, SBK_FILE_READ_EA, "SBK_FILE_READ_EA", "read attributes, extended"},
	{1, SBK_FILE_WRITE_EA, "SBK_FILE_WRITE_EA",
	 "write attributes, extended"},
	{1, SBK_FILE_EXECUTE, "SBK_FILE_EXECUTE", "execute"},
	{1, SBK_FILE_DELETE_CHILD, "SBK_FILE_DELETE_CHILD",
	 "FILE_DELETE_CHILD"},
	{1, SBK_FILE_READ_ATTRIBUTES, "SBK_FILE_READ_ATTRIBUTES",
	 "read attributes"},
	{1, SBK_FILE_WRITE_ATTRIBUTES, "SBK_FILE_WRITE_ATTRIBUTES",
	 "write attributes"},
	{2, 0x01, "0x01 /* query value */", "query value"},
	{2, 0x02, "0x02 /* set value */", "set value"},
	{2, 0x04, "0x04 /* create subkey */", "create subkey"},
	{2, 0x08, "0x08 /* enumerate subkeys */", "enumerate subkeys"},
	{2, 0x10, "0x10 /* notify */", "notify"},
	{2, 0x20, "0x20 /* create link */", "create link"},
};

/* --- reading -------------------------------------------------------------- */

static enum measured_answer answer_of(const char *text)
{
	if (text == NULL)
		return MEASURED_NOTHING;
	return strcmp(text, "first") == 0  ? MEASURED_FIRST
	       : strcmp(text, "both") == 0 ? MEASURED_BOTH
					   : MEASURED_NOTHING;
}

static void take_answer(enum measured_answer *into, enum measured_answer seen,
			bool *disputed)
{
	if (seen == MEASURED_NOTHING)
		return;
	if (*into != MEASURED_NOTHING && *into != seen)
		*disputed = true;
	*into = seen;
}

/* "file/0x00010000"; false for what no table has. */
static bool take_right(struct measured *out, const char *asks,
		       const char *answer, const char *plain)
{
	static const struct {
		const char *name;
		enum measured_object object;
	} objects[] = {{"file/", MEASURED_FILES},
		       {"directory/", MEASURED_FILES},
		       {"key/", MEASURED_KEYS}};
	const size_t count = sizeof(objects) / sizeof(objects[0]);
	struct measured_right *right;
	unsigned long mask;
	unsigned bit = 0;
	char *end;
	size_t i;

	for (i = 0; i < count; i++)
		if (strncmp(asks, objects[i].name, strlen(objects[i].name)) ==
		    0)
			break;
	if (i == count)
		return false;
	mask = strtoul(asks + strlen(objects[i].name), &end, 16);
	if (*end != '\0' || mask == 0 || (mask & (mask - 1)) != 0 ||
	    mask > 0x80000000ul)
		return false;
	while ((mask >> bit & 1) == 0)
		bit++;
	right = &out->rights[objects[i].object][bit];
	take_answer(&right->write_restricted, answer_of(answer),
		    &right->disputed);
	take_answer(&right->plain, answer_of(plain), &right->disputed);
	return answer_of(answer) != MEASURED_NOTHING;
}

static bool take_question(struct measured *out, const char *name,
			  const char *answer)
{
	enum sbk_access_known_answer seen;
	int q;

	if (strcmp(answer, "yes") == 0)
		seen = SBK_YES;
	else if (strcmp(answer, "no") == 0)
		seen = SBK_NO;
	else
		return false;
	for (q = 0; q < SBK_ASK_COUNT; q++) {
		if (strcmp(name, question_names[q]) != 0)
			continue;
		if (out->questions[q] != SBK_OPEN && out->questions[q] != seen)
			out->disputed[q] = true;
		out->questions[q] = seen;
		return true;
	}
	return false;
}

static void take_row(struct measured *out, const json_t *row)
{
	const char *asks = json_string_value(json_object_get(row, "asks"));
	const char *answer = json_string_value(json_object_get(row, "answer"));
	const char *plain = json_string_value(json_object_get(row, "plain"));
	bool known = false;

	if (asks == NULL || answer == NULL)
		return;
	if (strncmp(asks, "right/", 6) == 0)
		known = take_right(out, asks + 6, answer, plain);
	else if (strncmp(asks, "question/", 9) == 0)
		known = take_question(out, asks + 9, answer);
	out->rows += known;
	out->other += !known;
}

/* Only what can stand in a C string and in a table of Markdown. */
static void take_system(struct measured *out, const json_t *root)
{
	const char *build = json_string_value(
		json_object_get(json_object_get(root, "system"), "build"));
	char clean[40] = "";
	size_t i;

	for (i = 0; build != NULL && build[i] != '\0' && i < 39; i++)
		clean[i] = strchr("0123456789.", build[i]) != NULL ? build[i]
								   : '?';
	(void)snprintf(out->system, sizeof(out->system), "Windows%s%s",
		       clean[0] != '\0' ? " " : "", clean);
}

static int read_lines(const char *text, size_t size, struct measured *out,
		      struct sbk_error *err)
{
	const char *end, *stop = text + size;
	unsigned number = 0;

	for (; text < stop; text = end + 1) {
		json_t *row;

		end = memchr(text, '\n', (size_t)(stop - text));
		end = end == NULL ? stop : end;
		number++;
		if (end == text || (end == text + 1 && *text == '\r'))
			continue;
		row = sbk_json_load(text, (size_t)(end - text), 0, NULL);
		if (!json_is_object(row)) {
			json_decref(row);
			return sbk_error_set(err, SBK_E_PARSE,
					     "line %u is no row of the suite",
					     number);
		}
		take_row(out, row);
		json_decref(row);
	}
	return 0;
}

int measured_read(const char *text, size_t size, struct measured *out,
		  struct sbk_error *err)
{
	json_t *root, *rows;
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < SBK_ASK_COUNT; i++)
		out->questions[i] = SBK_OPEN;
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* as Windows' own programs begin */
		size -= 3;
	}
	root = sbk_json_load(text, size, 0, NULL);
	rows = json_object_get(root, "rows");
	take_system(out, root);
	if (!json_is_array(rows)) {
		json_decref(root);
		return read_lines(text, size, out, err);
	}
	for (i = 0; i < json_array_size(rows); i++)
		take_row(out, json_array_get(rows, i));
	json_decref(root);
	return 0;
}

/* --- comparing ------------------------------------------------------------ */

static const struct measured_right *right_of(const struct measured *measured,
					     enum measured_object object,
					     uint32_t right)
{
	unsigned bit = 0;

	while ((right >> bit & 1) == 0)
		bit++;
	return &measured->rights[object][bit];
}

static enum sbk_knowledge known_by(enum measured_answer answer,
				   enum sbk_knowledge before)
{
	return answer == MEASURED_FIRST	 ? SBK_FIRST_PASS
	       : answer == MEASURED_BOTH ? SBK_SECOND_PASS
					 : before;
}

enum outcome { AGREES, SETTLES, CONTRADICTS, DISPUTED, MISSING };
static const char *const outcomes[] = {"agrees", "settles", "CONTRADICTS",
				       "disputed", "not measured"};

static enum outcome compare(bool measured, bool disputed, bool open, bool same)
{
	if (!measured)
		return MISSING;
	if (disputed)
		return DISPUTED;
	return open ? SETTLES : same ? AGREES : CONTRADICTS;
}

static const struct right_text *text_of(unsigned objects, uint32_t right)
{
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].right == right &&
		    (texts[i].objects & objects) != 0)
			return &texts[i];
	return NULL;
}

static const char *code_of(const struct sbk_access_row *row)
{
	const struct right_text *text = text_of(row->objects, row->right);

	return text != NULL ? text->code : "?";
}

static enum outcome say_right(const struct measured *measured,
			      const struct sbk_access_row *row,
			      enum measured_object object, FILE *out)
{
	const struct measured_right *seen =
		right_of(measured, object, row->right);
	const enum sbk_knowledge now =
		known_by(seen->write_restricted, row->write_restricted);
	const enum sbk_knowledge plain = known_by(seen->plain, row->restricted);
	enum outcome outcome = compare(
		seen->write_restricted != MEASURED_NOTHING, seen->disputed,
		row->write_restricted == SBK_NOT_SETTLED,
		now == row->write_restricted);

	/* A token that is restricted as a whole: what is documented. */
	if (outcome <= SETTLES && plain != row->restricted)
		outcome = CONTRADICTS;
	(void)fprintf(
		out,
		"%-12s %s 0x%08x %s: table %s (plain %s), measured %s "
		"(plain %s)\n",
		outcomes[outcome], object == MEASURED_FILES ? "files" : "keys",
		row->right, code_of(row), passes[row->write_restricted],
		passes[row->restricted], outcome == MISSING ? "-" : passes[now],
		seen->plain == MEASURED_NOTHING ? "-" : passes[plain]);
	return outcome;
}

static enum outcome say_question(const struct measured *measured,
				 const struct sbk_access_question_row *row,
				 FILE *out)
{
	const enum sbk_access_known_answer seen =
		measured->questions[row->question];
	const enum outcome outcome =
		compare(seen != SBK_OPEN, measured->disputed[row->question],
			row->answer == SBK_OPEN, seen == row->answer);

	(void)fprintf(out, "%-12s SBK_ASK_%s: table %s, measured %s\n",
		      outcomes[outcome], question_names[row->question],
		      answers[row->answer],
		      seen == SBK_OPEN ? "-" : answers[seen]);
	return outcome;
}

/* A bit that was measured and has no row is "open" by the table's rule. */
static void say_without_row(const struct measured *measured, unsigned *counts,
			    FILE *out)
{
	int object, bit;
	unsigned i;

	for (object = 0; object < MEASURED_OBJECTS; object++)
		for (bit = 0; bit < 32; bit++) {
			const struct measured_right *seen =
				&measured->rights[object][bit];
			const uint32_t right = (uint32_t)1 << bit;

			for (i = 0; i < sbk_access_row_count; i++)
				if (sbk_access_rows[i].right == right &&
				    (sbk_access_rows[i].objects &
				     (1u << object)) != 0)
					break;
			if (i < sbk_access_row_count ||
			    seen->write_restricted == MEASURED_NOTHING)
				continue;
			counts[SETTLES]++;
			(void)fprintf(out, "%-12s %s 0x%08x: has no row\n",
				      outcomes[SETTLES],
				      object == MEASURED_FILES ? "files"
							       : "keys",
				      right);
		}
}

int measured_compare(const struct measured *measured, FILE *out)
{
	unsigned counts[MISSING + 1] = {0}, i;
	int object, o;

	for (i = 0; i < sbk_access_row_count; i++)
		for (object = 0; object < MEASURED_OBJECTS; object++)
			if ((sbk_access_rows[i].objects & (1u << object)) != 0)
				counts[say_right(measured, &sbk_access_rows[i],
						 (enum measured_object)object,
						 out)]++;
	say_without_row(measured, counts, out);
	for (i = 0; i < SBK_ASK_COUNT; i++)
		counts[say_question(measured, &sbk_access_questions[i], out)]++;
	(void)fprintf(out, "%s:", measured->system);
	for (o = 0; o <= MISSING; o++)
		(void)fprintf(out, "%s %u %s", o == 0 ? "" : ",", counts[o],
			      outcomes[o]);
	(void)fprintf(out, "; %zu rows are of other objects\n",
		      measured->other);
	if (counts[SETTLES] + counts[CONTRADICTS] + counts[DISPUTED] > 0)
		return 1;
	return counts[MISSING] > 0 ? 2 : 0;
}

/* --- to be pasted --------------------------------------------------------- */

static const char *const knowledge_code[] = {
	[SBK_SECOND_PASS] = "SBK_SECOND_PASS",
	[SBK_FIRST_PASS] = "SBK_FIRST_PASS",
	[SBK_NOT_SETTLED] = "SBK_NOT_SETTLED"};

/* As it would be, of the objects that `objects` names. */
static struct sbk_access_row changed(const struct measured *measured,
				     const struct sbk_access_row *row,
				     enum measured_object object)
{
	const struct measured_right *seen =
		right_of(measured, object, row->right);
	struct sbk_access_row now = *row;

	now.objects = 1u << object;
	if (seen->disputed)
		return now;
	now.write_restricted =
		known_by(seen->write_restricted, row->write_restricted);
	now.restricted = known_by(seen->plain, row->restricted);
	return now;
}

static bool differs(const struct sbk_access_row *a,
		    const struct sbk_access_row *b)
{
	return a->write_restricted != b->write_restricted ||
	       a->restricted != b->restricted;
}

static void paste_row(const struct measured *measured,
		      const struct sbk_access_row *before,
		      const struct sbk_access_row *now, bool page, FILE *out)
{
	const bool is_new = differs(before, now);
	const struct right_text *text = text_of(now->objects, now->right);

	if (page && is_new)
		(void)fprintf(out,
			      "| 0x%08x %s | %s | %s | %s | measured: %s |\n",
			      now->right, text != NULL ? text->words : "?",
			      now->objects == 3	  ? "files, keys"
			      : now->objects == 1 ? "files"
						  : "keys",
			      passes[now->restricted],
			      passes[now->write_restricted], measured->system);
	else if (!page)
		(void)fprintf(out, "\t{%s, %s, %s, %s, \"%s%s\"},\n",
			      now->objects == 3	  ? "BOTH"
			      : now->objects == 1 ? "SBK_ON_FILES"
						  : "SBK_ON_KEYS",
			      text != NULL ? text->code : "?",
			      knowledge_code[now->restricted],
			      knowledge_code[now->write_restricted],
			      is_new ? "measured: " : "",
			      is_new ? measured->system : before->source);
}

/* One row, or two where files and keys have become different. */
static void paste_rows(const struct measured *measured, bool page, FILE *out)
{
	unsigned i;

	for (i = 0; i < sbk_access_row_count; i++) {
		const struct sbk_access_row *row = &sbk_access_rows[i];
		struct sbk_access_row files =
			changed(measured, row, MEASURED_FILES);
		const struct sbk_access_row keys =
			changed(measured, row, MEASURED_KEYS);

		if (row->objects == (SBK_ON_FILES | SBK_ON_KEYS) &&
		    !differs(&files, &keys)) {
			files.objects = row->objects;
			paste_row(measured, row, &files, page, out);
			continue;
		}
		if ((row->objects & SBK_ON_FILES) != 0)
			paste_row(measured, row, &files, page, out);
		if ((row->objects & SBK_ON_KEYS) != 0)
			paste_row(measured, row, &keys, page, out);
	}
}

static void paste_questions(const struct measured *measured, bool page,
			    FILE *out)
{
	static const char *const code[] = {"SBK_NO", "SBK_YES", "SBK_OPEN"};
	unsigned i;

	for (i = 0; i < SBK_ASK_COUNT; i++) {
		const struct sbk_access_question_row *row =
			&sbk_access_questions[i];
		enum sbk_access_known_answer now =
			measured->questions[row->question];
		const bool is_new = now != SBK_OPEN && now != row->answer &&
				    !measured->disputed[row->question];

		if (!is_new)
			now = row->answer;
		if (!page)
			(void)fprintf(out, "\t{SBK_ASK_%s, %s, \"%s%s\"},\n",
				      question_names[row->question], code[now],
				      is_new ? "measured: " : "",
				      is_new ? measured->system : row->source);
		else if (is_new)
			(void)fprintf(
				out, "| SBK_ASK_%s | %s | measured: %s. %s |\n",
				question_names[row->question], answers[now],
				measured->system, row->source);
	}
}

void measured_paste(const struct measured *measured, FILE *out)
{
	(void)fprintf(out,
		      "/* engine/ntsec/access_table.c */\n"
		      "const struct sbk_access_row sbk_access_rows[] = {\n");
	paste_rows(measured, false, out);
	(void)fprintf(out, "};\n\nconst struct sbk_access_question_row "
			   "sbk_access_questions[] = {\n");
	paste_questions(measured, false, out);
	(void)fprintf(out, "};\n\n/* engine/ntsec/README.md, each in place of "
			   "the row that it begins like\n");
	paste_rows(measured, true, out);
	paste_questions(measured, true, out);
	(void)fprintf(out, "*/\n");
}
