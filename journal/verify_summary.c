/*
 * What the last `end` of the log says is in effect, against what the entries
 * before it come to. It is part of the log, so that only who signs can have
 * written it: a difference is a mistake of ours, and must not stay unseen.
 */
#include "journal/summary.h"
#include "journal/verify.h"

#include <string.h>

#include "engine/banned.h"

/* As sbk_summary_hash has it, of what is held in memory. */
static int hash_effect(struct sbk_verification *v, uint64_t first,
		       uint64_t last, unsigned char hash[SBK_TREE_HASH_BYTES],
		       bool *any)
{
	const struct sbk_verify_changes *c = &v->changes;
	struct sbk_buf text = SBK_BUF_INIT;
	uint64_t id, begun = 0;
	int rc;

	for (id = first; id <= last; id++) {
		const struct sbk_verify_change *change =
			sbk_verify_change(c, id);
		const struct sbk_verify_change *next =
			id < last ? sbk_verify_change(c, id + 1) : NULL;
		const bool in_effect = change->undoes == 0 &&
				       change->status != SBK_STATUS_UNDONE;

		if (begun == 0 && in_effect)
			begun = id;
		if (begun == 0 ||
		    (in_effect && next != NULL && next->undoes == 0 &&
		     next->status == change->status))
			continue;
		sbk_buf_printf(
			&text, "%llu-%llu %s\n", (unsigned long long)begun,
			(unsigned long long)id,
			sbk_status_name((enum sbk_status)change->status));
		begun = 0;
	}
	rc = sbk_buf_failed(&text, v->err);
	*any = text.size > 0;
	if (rc == 0)
		sbk_sha256(sbk_buf_text(&text), text.size, hash);
	sbk_buf_release(&text);
	return rc;
}

static void differs(struct sbk_verification *v, uint64_t txn)
{
	sbk_verify_find(v,
			"entry %llu does not say what is in effect of "
			"transaction %llu",
			(unsigned long long)v->last_end,
			(unsigned long long)txn);
}

static int check_txn(struct sbk_verification *v, sqlite3_stmt *row,
		     const struct sbk_summary *said, size_t *next)
{
	const uint64_t txn = (uint64_t)sqlite3_column_int64(row, 0);
	const uint64_t first = (uint64_t)sqlite3_column_int64(row, 1);
	const uint64_t last = (uint64_t)sqlite3_column_int64(row, 2);
	const struct sbk_summary_item *item =
		*next < said->count ? &said->items[*next] : NULL;
	unsigned char hash[SBK_TREE_HASH_BYTES];
	bool any;
	int rc = hash_effect(v, first, last, hash, &any);

	if (rc < 0)
		return rc;
	if (item != NULL && item->txn == txn) {
		(*next)++;
		if (!any || item->first != first || item->last != last ||
		    memcmp(item->hash, hash, sizeof(hash)) != 0)
			differs(v, txn);
	} else if (any) {
		differs(v, txn);
	}
	return 0;
}

static int check_all(struct sbk_verification *v, const struct sbk_summary *said)
{
	size_t next = 0;
	sqlite3_stmt *row;
	int rc = sbk_db_statement(&v->rebuilt, SBK_SQL_DONE_TXNS, &row, v->err);

	while (rc >= 0 && (rc = sbk_db_step(&v->rebuilt, row, v->err)) == 1)
		rc = check_txn(v, row, said, &next);
	if (rc == 0 && next < said->count)
		differs(v, said->items[next].txn);
	return rc;
}

int sbk_verify_last_end(struct sbk_verification *v, uint64_t n,
			const char *json, size_t size)
{
	v->last_end = n;
	sbk_buf_clear(&v->last_end_json);
	sbk_buf_add(&v->last_end_json, json, size);
	return sbk_buf_failed(&v->last_end_json, v->err);
}

int sbk_verify_summary(struct sbk_verification *v)
{
	struct sbk_summary said = {.known = false};
	struct sbk_error why = SBK_ERROR_INIT;
	int rc;

	if (v->last_end == 0 || v->last_end_json.size == 0)
		return 0;
	rc = sbk_summary_parse(v->last_end, v->last_end_json.data,
			       v->last_end_json.size, &said, &why);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(v->err);
	else if (rc < 0)
		sbk_verify_find(v, "%s", why.message);
	rc = rc == 1 ? check_all(v, &said) : rc == SBK_E_NOMEM ? rc : 0;
	sbk_summary_release(&said);
	return rc;
}
