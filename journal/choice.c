/*
 * What the options of `journal` and `undo` choose: a book, changes, times.
 */
#include "journal/cmd.h"
#include "journal/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os.h"

#include "engine/banned.h"

int sbk_choice_place(const struct sbk_choice *choice,
		     struct sbk_journal_place *out, struct sbk_error *err)
{
	struct sbk_person caller;
	int rc;

	if (choice->machine)
		return sbk_journal_place_machine(out, err);
	rc = sbk_os_caller(&caller, err);
	return rc < 0 ? rc : sbk_journal_place_user(&caller, out, err);
}

/* --- times -------------------------------------------------------------- */

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* Days since 1970-01-01 of a date in the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	/* Years begin in March, so that the leap day is the last. */
	const int64_t y = month <= 2 ? year - 1 : year;
	const int64_t m = month <= 2 ? month + 9 : month - 3;
	const int64_t leaps = y / 4 - y / 100 + y / 400;

	return 365 * y + leaps + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool parse_ago(const char *text, int64_t *out_ms)
{
	char *end;
	const long long count = strtoll(text, &end, 10);
	int64_t unit;

	if (end == text || *end == '\0' || end[1] != '\0' || count < 0 ||
	    count > 1000000000)
		return false;
	switch (*end) {
	case 's':
		unit = 1000;
		break;
	case 'm':
		unit = (int64_t)60 * 1000;
		break;
	case 'h':
		unit = (int64_t)60 * 60 * 1000;
		break;
	case 'd':
		unit = DAY_MS;
		break;
	default:
		return false;
	}
	*out_ms = sbk_os_now_ms() - count * unit;
	return true;
}

static bool parse_date(const char *text, int64_t *out_ms)
{
	int year, month, day, hour = 0, minute = 0, second = 0, used = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3)
		return false;
	text += used;
	if (*text == 'T' || *text == ' ') {
		text++;
		used = 0;
		if (sscanf(text, "%2d:%2d%n", &hour, &minute, &used) != 2)
			return false;
		text += used;
		used = 0;
		if (*text == ':') {
			if (sscanf(text, ":%2d%n", &second, &used) != 1)
				return false;
			text += used;
		}
	}
	if (*text == 'Z')
		text++;
	if (*text != '\0' || year < 1970 || month < 1 || month > 12 ||
	    day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
	    minute > 59 || second < 0 || second > 60)
		return false;
	*out_ms = days_of(year, month, day) * DAY_MS +
		  ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * 1000;
	return true;
}

/* "2026-11-21", "2026-11-21T10:15", "2026-11-21 10:15:00Z", or "90s", "15m",
 * "2h", "3d" ago. UTC. */
static int parse_time(const char *text, int64_t *out_ms, struct sbk_error *err)
{
	if (parse_ago(text, out_ms) || parse_date(text, out_ms))
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%s' is no time: write '2026-11-21', "
			     "'2026-11-21T10:15' (UTC) or '2h' for two hours "
			     "ago",
			     text);
}

void sbk_time_print(struct sbk_buf *out, int64_t time_ms)
{
	const int64_t days = time_ms / DAY_MS;
	const int64_t seconds = time_ms % DAY_MS / 1000;
	/* The inverse of days_of, by eras of 400 years. */
	const int64_t z = days + 719468;
	const int64_t era = z / 146097, doe = z % 146097;
	const int64_t yoe =
		(doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const int64_t m = (5 * doy + 2) / 153;
	const int64_t month = m < 10 ? m + 3 : m - 9;

	sbk_buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02dZ",
		       (int)(yoe + era * 400 + (month <= 2)), (int)month,
		       (int)(doy - (153 * m + 2) / 5 + 1),
		       (int)(seconds / 3600), (int)(seconds / 60 % 60),
		       (int)(seconds % 60));
}

/* --- the filter --------------------------------------------------------- */

static int resolve(const char *path, char **out, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	size_t size = strlen(path);
	char *copy;

	if (sbk_os_real_path(path, out, &why) == 0)
		return 0;
	if (path[0] != '/')
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%s' is not there; write it from '/' on "
				     "as the journal has it",
				     path);
	copy = malloc(size + 1);
	if (copy == NULL)
		return sbk_error_no_memory(err);
	memcpy(copy, path, size + 1);
	while (size > 1 && copy[size - 1] == '/')
		copy[--size] = '\0';
	*out = copy;
	return 0;
}

static int check_kind(const char *name, struct sbk_error *err)
{
	const char *names[SBK_KIND_COUNT + 1] = {NULL};
	const char *nearest;
	enum sbk_kind kind;
	int i;

	if (name == NULL || sbk_kind_parse(name, &kind) == 0)
		return 0;
	for (i = 0; i < SBK_KIND_COUNT; i++)
		names[i] = sbk_kind_name((enum sbk_kind)i);
	nearest = sbk_nearest_word(name, names);
	return sbk_error_set(err, SBK_E_INVAL, "there is no kind '%s'%s%s%s",
			     name, nearest != NULL ? "; did you mean '" : "",
			     nearest != NULL ? nearest : "",
			     nearest != NULL ? "'?" : "");
}

int sbk_choice_filter(const struct sbk_choice *choice,
		      struct sbk_journal_filter *out, char **resolved,
		      struct sbk_error *err)
{
	int rc = check_kind(choice->kind, err);

	memset(out, 0, sizeof(*out));
	out->session = choice->session;
	out->transaction = choice->transaction;
	out->first = out->last = choice->change;
	out->kind = choice->kind;
	if (rc == 0 && choice->since != NULL)
		rc = parse_time(choice->since, &out->since_ms, err);
	if (rc == 0 && choice->until != NULL)
		rc = parse_time(choice->until, &out->until_ms, err);
	if (rc == 0 && choice->path != NULL) {
		rc = resolve(choice->path, resolved, err);
		if (rc == 0)
			out->path = *resolved;
	}
	return rc;
}

static int check_number(struct sbk_journal *journal, enum sbk_sql sql,
			const char *what, uint64_t number,
			struct sbk_error *err)
{
	struct sbk_buf dropped = SBK_BUF_INIT;
	sqlite3_stmt *row;
	int rc = 0;

	if (number == 0)
		return 0;
	rc = sbk_db_statement(&journal->db, sql, &row, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)number);
	rc = sbk_db_step(&journal->db, row, err);
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc != 0)
		return rc < 0 ? rc : 0;
	sbk_segment_tell(journal, &dropped);
	rc = sbk_error_set(err, SBK_E_NOTFOUND,
			   "there is no %s %llu in '%s'%s; 'sandbook journal "
			   "log%s' has their numbers",
			   what, (unsigned long long)number, journal->db.path,
			   sbk_buf_text(&dropped),
			   journal->book == SBK_BOOK_MACHINE ? " --machine"
							     : "");
	sbk_buf_release(&dropped);
	return rc;
}

int sbk_choice_check(const struct sbk_choice *choice,
		     struct sbk_journal *journal, struct sbk_error *err)
{
	int rc = check_number(journal, SBK_SQL_FIND_CHANGE, "change",
			      choice->change, err);

	if (rc == 0)
		rc = check_number(journal, SBK_SQL_FIND_TXN, "transaction",
				  choice->transaction, err);
	if (rc == 0)
		rc = check_number(journal, SBK_SQL_FIND_SESSION, "session",
				  choice->session, err);
	return rc;
}
