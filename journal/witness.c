/*
 * The machine's log as a witness of people's logs: what it saw last of each,
 * and the round of errands that asks them. Root's alone.
 *
 * Invariants:
 *  1. What was seen last is replaced only by what was proved to continue it,
 *     or after root said so (accepted). A finding replaces nothing.
 *  2. Asking and recording happen under one lock of the machine's journal, so
 *     that two rounds cannot record a shorter log after a longer one.
 *  3. Nothing of an answer is recorded but a checkpoint printed anew and one
 *     verified signature: the machine's log is read by everybody.
 *  4. A person costs PERSON_MS at most, all of them ROUND_MS, whatever they do.
 */
#include "journal/witness.h"

#include <stdio.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/principals.h"
#include "journal/signing.h"

#include "engine/banned.h"

#define PERSON_MS 5000
#define ROUND_MS 30000

/* --- what was seen last -------------------------------------------------- */

static int parse_seen(sqlite3_stmt *row, struct sbk_witnessed *out)
{
	const char *key = sbk_db_text(row, 0), *text = sbk_db_text(row, 1);
	struct sbk_note note;

	if (key == NULL || text == NULL || strlen(key) >= sizeof(out->key) ||
	    sbk_note_parse(text, strlen(text), &note, NULL) < 0 ||
	    sbk_checkpoint_parse(&note, &out->head, NULL) < 0)
		return SBK_E_CORRUPT;
	(void)snprintf(out->key, sizeof(out->key), "%s", key);
	out->any = true;
	/* Whatever was found since: a look that got no answer ends nothing. */
	out->ended = sqlite3_column_int(row, 2) != 0;
	return 0;
}

int sbk_witness_last(struct sbk_journal *machine,
		     const struct sbk_owner *person, struct sbk_witnessed *out,
		     struct sbk_error *err)
{
	char words[SBK_OWNER_WORDS];
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&machine->db, SBK_SQL_LAST_SEEN, &row, err);

	memset(out, 0, sizeof(*out));
	if (rc < 0)
		return rc;
	sbk_db_bind_owner(row, 1, person);
	rc = sbk_db_step(&machine->db, row, err);
	if (rc == 1 && parse_seen(row, out) < 0)
		rc = sbk_error_set(err, SBK_E_CORRUPT,
				   "what journal '%s' witnessed of %s makes no "
				   "sense; see 'sandbook journal verify "
				   "--machine'",
				   machine->db.path,
				   sbk_owner_words(person, words));
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/* The word of the last entry about the person; "" where there is none. */
static int last_found(struct sbk_journal *machine,
		      const struct sbk_owner *person, char out[32],
		      struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&machine->db, SBK_SQL_LAST_FOUND, &row, err);

	out[0] = '\0';
	if (rc < 0)
		return rc;
	sbk_db_bind_owner(row, 1, person);
	rc = sbk_db_step(&machine->db, row, err);
	if (rc == 1 && sbk_db_text(row, 0) != NULL)
		(void)snprintf(out, 32, "%s", sbk_db_text(row, 0));
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

int sbk_journal_witness_seen(struct sbk_journal *machine,
			     const struct sbk_owner *person, uint64_t *entries,
			     char key[SBK_KEY_TEXT_MAX], struct sbk_error *err)
{
	char words[SBK_OWNER_WORDS];
	struct sbk_witnessed seen;
	int rc = sbk_witness_last(machine, person, &seen, err);

	if (rc == 0 && !seen.any)
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "no log of %s was ever seen",
				   sbk_owner_words(person, words));
	if (rc < 0)
		return rc;
	*entries = seen.head.size;
	(void)snprintf(key, SBK_KEY_TEXT_MAX, "%s", seen.key);
	return 0;
}

/* --- entries ------------------------------------------------------------- */

static int append(struct sbk_journal *machine, const struct sbk_owner *person,
		  const char *found, const char *key, const char *note,
		  struct sbk_error *err)
{
	uint64_t entry;
	int rc = sbk_log_begin(machine, SBK_COMMIT_FLUSHED, err);

	if (rc < 0)
		return rc;
	sbk_entry_witness(&machine->json, sbk_os_now_ms(), person, found, key,
			  note);
	rc = sbk_log_append(machine, &entry, err);
	if (rc == 0)
		rc = sbk_view_witness(&machine->db, entry, person, found, key,
				      note, err);
	return sbk_log_finish_signed(machine, rc, err);
}

/* That it cannot be cosigned is told with the checkpoint that cannot be
 * signed, either. */
static int cosign(struct sbk_journal *machine, struct sbk_buf *note,
		  struct sbk_error *err)
{
	struct sbk_note_signer signer;
	struct sbk_note parsed;
	int rc = sbk_note_parse(sbk_buf_text(note), note->size, &parsed, err);

	if (rc < 0 || machine->trusted ||
	    sbk_key_load(machine, &signer, NULL) < 0)
		return rc;
	sbk_note_add_cosignature(note, parsed.text_size, &signer,
				 (uint64_t)(sbk_os_now_ms() / 1000));
	sbk_note_signer_erase(&signer);
	return sbk_buf_failed(note, err);
}

static int record_seen(struct sbk_journal *machine,
		       const struct sbk_owner *person,
		       const struct sbk_witness_opinion *opinion,
		       struct sbk_error *err)
{
	struct sbk_buf note = SBK_BUF_INIT, key = SBK_BUF_INIT;
	int rc;

	sbk_buf_add(&note, opinion->note.data, opinion->note.size);
	sbk_note_key_print(&opinion->key, &key);
	rc = sbk_buf_failed(&key, err);
	if (rc == 0)
		rc = cosign(machine, &note, err);
	if (rc == 0)
		rc = append(machine, person,
			    sbk_witness_result_name(SBK_WITNESS_SEEN),
			    sbk_buf_text(&key), sbk_buf_text(&note), err);
	sbk_buf_release(&note);
	sbk_buf_release(&key);
	return rc;
}

/* There is no log, and none is missed: of one that ended it is what is so. */
static int record_none(struct sbk_journal *machine,
		       const struct sbk_owner *person, const char *before,
		       struct sbk_error *err)
{
	struct sbk_witnessed seen = {.ended = false};
	int rc = 0;

	if (sbk_witness_is_finding(before))
		rc = sbk_witness_last(machine, person, &seen, err);
	return rc == 0 && seen.ended
		       ? append(machine, person, SBK_WITNESS_ENDED, NULL, NULL,
				err)
		       : rc;
}

int sbk_witness_record(struct sbk_journal *machine,
		       const struct sbk_owner *person,
		       const struct sbk_witness_opinion *opinion,
		       struct sbk_error *err)
{
	const char *name = sbk_witness_result_name(opinion->result);
	char before[32];
	int rc;

	if (opinion->result == SBK_WITNESS_SEEN)
		return record_seen(machine, person, opinion, err);
	rc = last_found(machine, person, before, err);
	if (rc < 0)
		return rc;
	if (opinion->result == SBK_WITNESS_NONE)
		return record_none(machine, person, before, err);
	/* What was a finding is none any more. */
	if (opinion->result == SBK_WITNESS_SAME)
		return sbk_witness_is_finding(before)
			       ? record_seen(machine, person, opinion, err)
			       : 0;
	return strcmp(before, name) == 0
		       ? 0
		       : append(machine, person, name, NULL, NULL, err);
}

int sbk_witness_record_end(struct sbk_journal *machine,
			   const struct sbk_owner *person,
			   struct sbk_error *err)
{
	int rc = append(machine, person, SBK_WITNESS_ENDED, NULL, NULL, err);

	if (rc == 0)
		sbk_publish(machine);
	return rc;
}

int sbk_journal_witness_accept(struct sbk_journal *machine,
			       const struct sbk_owner *person,
			       struct sbk_error *err)
{
	char before[32], words[SBK_OWNER_WORDS];
	int rc = last_found(machine, person, before, err);

	if (rc == 0 && !sbk_witness_is_finding(before))
		rc = sbk_error_set(err, SBK_E_NOTFOUND,
				   "there is no finding about the log of %s to "
				   "accept",
				   sbk_owner_words(person, words));
	if (rc == 0)
		rc = append(machine, person, "accepted", NULL, NULL, err);
	if (rc == 0)
		sbk_publish(machine);
	return rc;
}

/* --- the round ----------------------------------------------------------- */

struct round {
	struct sbk_journal *machine;
	bool record;
	sbk_witness_fn *tell;
	void *arg;
	int64_t spent_ms; /* waiting for answers */
	struct sbk_witness_answer answer;
};

/* A clock that jumps meanwhile counts as nothing, or as one who hung. */
static int64_t clamp(int64_t spent_ms)
{
	return spent_ms < 0 ? 0 : spent_ms < PERSON_MS ? spent_ms : PERSON_MS;
}

/* There is no answer: a finding, whatever it is for. */
static void miss(struct round *r, const struct sbk_error *why)
{
	memset(&r->answer, 0, sizeof(r->answer));
	r->answer.format = SBK_WITNESS_FORMAT;
	r->answer.found = 1;
	r->answer.error = SBK_E_IO;
	(void)snprintf(r->answer.message, sizeof(r->answer.message), "%.255s",
		       why->message);
}

/* Fills the answer; why it could not be had is in it. */
static void ask(struct round *r, const struct sbk_person *person,
		const struct sbk_witnessed *seen)
{
	const int64_t left = ROUND_MS - r->spent_ms, begun = sbk_os_now_ms();
	struct sbk_error why = SBK_ERROR_INIT;
	char since[24];
	const char *words[] = {SBK_WITNESS_ERRAND, "--since", since, "--key",
			       seen->key,	   NULL};
	int rc = SBK_E_BUSY;

	(void)snprintf(since, sizeof(since), "%llu",
		       (unsigned long long)seen->head.size);
	if (!seen->any)
		words[1] = NULL;
	memset(&r->answer, 0, sizeof(r->answer));
	if (left > 0)
		rc = sbk_os_run_as(person, words,
				   left < PERSON_MS ? left : PERSON_MS,
				   &r->answer, sizeof(r->answer), &why);
	else
		(void)sbk_error_set(&why, rc,
				    "others took all the time that there is");
	r->spent_ms += clamp(sbk_os_now_ms() - begun);
	if (rc == SBK_E_NOTFOUND)
		r->answer.format = SBK_WITNESS_FORMAT; /* there is no log */
	else if (rc < 0)
		miss(r, &why);
}

static int tell(struct round *r, const struct sbk_person *person,
		const struct sbk_witness_opinion *opinion,
		struct sbk_error *err)
{
	const char *found = sbk_witness_result_name(opinion->result);
	const struct sbk_witness_news news = {
		.person = person->id,
		.name = person->name,
		.found = found,
		.finding = sbk_witness_is_finding(found),
		.text = sbk_buf_text(&opinion->text),
		.note = opinion->note.size > 0 ? sbk_buf_text(&opinion->note)
					       : NULL,
	};

	return r->tell(r->arg, &news, err);
}

/* Who is enrolled and has no account any more, or cannot be looked up, cannot
 * be asked. That is said like any other silence. */
static void find_and_ask(struct round *r, struct sbk_person *person,
			 const struct sbk_witnessed *seen)
{
	const struct sbk_owner id = person->id;
	char words[SBK_OWNER_WORDS];
	struct sbk_error why = SBK_ERROR_INIT;

	if (sbk_os_person_by_id(&id, person, &why) == 0) {
		ask(r, person, seen);
		return;
	}
	memset(person, 0, sizeof(*person));
	person->id = id;
	(void)snprintf(person->name, sizeof(person->name), "%.63s",
		       sbk_owner_words(&id, words));
	miss(r, &why);
}

static int visit(struct round *r, const struct sbk_owner *id,
		 struct sbk_error *err)
{
	struct sbk_person person = {.id = *id};
	struct sbk_witness_opinion opinion;
	struct sbk_witnessed seen;
	int rc = sbk_witness_last(r->machine, id, &seen, err);

	if (rc < 0)
		return rc;
	find_and_ask(r, &person, &seen);
	rc = sbk_witness_judge(&seen, &r->answer, &opinion, err);
	if (rc == 0 && r->record)
		rc = sbk_witness_record(r->machine, id, &opinion, err);
	if (rc == 0)
		rc = tell(r, &person, &opinion, err);
	sbk_witness_opinion_release(&opinion);
	return rc;
}

int sbk_journal_witness(struct sbk_journal *machine, bool record,
			sbk_witness_fn *tell_fn, void *arg,
			struct sbk_error *err)
{
	struct sbk_principals list = {.items = NULL};
	struct round r = {
		.machine = machine,
		.record = record,
		.tell = tell_fn,
		.arg = arg,
	};
	size_t i;
	int rc = sbk_principals_find(&list, err);

	for (i = 0; rc == 0 && i < list.count; i++)
		if (list.items[i].role == SBK_PRINCIPAL_OFFLINE)
			rc = visit(&r, &list.items[i].person, err);
	sbk_principals_release(&list);
	if (record)
		sbk_publish(machine);
	return rc;
}

/* --- what the record says of them, without asking ------------------------ */

static int state_of(struct sbk_journal *machine, const struct sbk_owner *person,
		    sbk_witness_fn *fn, void *arg, struct sbk_error *err)
{
	struct sbk_witnessed seen;
	char found[32], text[96];
	struct sbk_witness_news news = {
		.person = *person, .name = "", .found = found, .text = text};
	int rc = sbk_witness_last(machine, person, &seen, err);

	if (rc == 0)
		rc = last_found(machine, person, found, err);
	if (rc < 0)
		return rc;
	news.finding = sbk_witness_is_finding(found);
	(void)snprintf(text, sizeof(text), "%llu entries were seen",
		       (unsigned long long)seen.head.size);
	return fn(arg, &news, err);
}

int sbk_journal_witnessed(struct sbk_journal *machine, sbk_witness_fn *fn,
			  void *arg, struct sbk_error *err)
{
	struct sbk_owner person;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&machine->db, SBK_SQL_WITNESSED_PEOPLE, &row,
				  err);

	if (rc < 0)
		return rc;
	while ((rc = sbk_db_step(&machine->db, row, err)) == 1) {
		rc = sbk_db_owner(row, 0, &person);
		if (rc < 0)
			(void)sbk_error_set(err, rc,
					    "what journal '%s' witnessed makes "
					    "no sense",
					    machine->db.path);
		else
			rc = state_of(machine, &person, fn, arg, err);
		if (rc < 0)
			break;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	return rc < 0 ? rc : 0;
}

/* Whether a key of the machine's log cosigned it. */
static int check_cosigned(struct sbk_journal *machine,
			  const struct sbk_note *note, uint64_t *seconds,
			  struct sbk_error *err)
{
	bool found = false;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&machine->db, SBK_SQL_SIGNERS, &row, err);

	if (rc < 0)
		return rc;
	while (!found && (rc = sbk_db_step(&machine->db, row, err)) == 1) {
		const char *text = sbk_db_text(row, 1);
		struct sbk_note_key key;

		found = text != NULL &&
			sbk_note_key_parse(text, strlen(text), &key, NULL) ==
				0 &&
			sbk_note_verify_cosignature(note, &key, seconds) == 1;
	}
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc < 0)
		return rc;
	return found ? 0
		     : sbk_error_set(err, SBK_E_CORRUPT,
				     "what journal '%s' witnessed is not "
				     "cosigned by its key",
				     machine->db.path);
}

static int read_note(struct sbk_journal *machine,
		     const struct sbk_owner *person, struct sbk_buf *out,
		     struct sbk_error *err)
{
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&machine->db, SBK_SQL_LAST_SEEN, &row, err);

	if (rc < 0)
		return rc;
	sbk_db_bind_owner(row, 1, person);
	rc = sbk_db_step(&machine->db, row, err);
	if (rc == 1 && sbk_db_text(row, 1) != NULL)
		sbk_buf_adds(out, sbk_db_text(row, 1));
	(void)sqlite3_reset(row); /* the error is in `err` */
	if (rc == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "the machine's log has not seen it yet");
	return rc > 0 ? sbk_buf_failed(out, err) : rc;
}

int sbk_journal_witness_note(struct sbk_journal *machine,
			     const struct sbk_owner *person,
			     struct sbk_buf *out, uint64_t *seconds,
			     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_note note;
	int rc = read_note(machine, person, &text, err);

	if (rc == 0)
		rc = sbk_note_parse(sbk_buf_text(&text), text.size, &note, err);
	if (rc == 0)
		rc = check_cosigned(machine, &note, seconds, err);
	if (rc == 0) {
		sbk_buf_add(out, text.data, text.size);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&text);
	return rc;
}
