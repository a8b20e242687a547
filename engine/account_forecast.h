/*
 * What `plan` and `run --dry-run` say of the sandbox account: whether a run
 * with this scope would be the account's and why not, what would be mapped to
 * it, and what in the roots it could read and not write.
 *
 *	account_forecast.c        what is printed
 *	linux/account_forecast.c  what would be
 *
 * Nothing is started but what tries the account, and nothing changed. What
 * only the launch itself can find (a filesystem that refuses to be mapped, a
 * firewall that does not refuse) it may still find.
 */
#ifndef SBK_ACCOUNT_FORECAST_H
#define SBK_ACCOUNT_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/buf.h"
#include "engine/limits.h"
#include "engine/policy.h"
#include "engine/principal_id.h"
#include "engine/run.h"

/* A path of the scope, or one below it. */
struct sbk_forecast_item {
	enum sbk_forecast_kind {
		SBK_FORECAST_MAPPED, /* shown as the account's own */
		SBK_FORECAST_BELOW,  /* a mount in a writable one: read-only */
		SBK_FORECAST_GROUP,  /* of other groups: read, not written */
		SBK_FORECAST_UNSEEN  /* could not be looked into for that */
	} kind;
	const char *path;
	bool writable;	     /* MAPPED */
	uint64_t objects;    /* GROUP, UNSEEN: how many */
	const char *example; /* of those */
};

struct sbk_account_forecast {
	struct sbk_arena arena;
	uint32_t account; /* its number; 0: the run is the person's own */
	char name[SBK_NAME_MAX];
	/* Where an account has no uid and nothing is shown as its own: its id.
	 * It then has no rights but what any user has and what was granted. */
	char outside[SBK_PRINCIPAL_TEXT];
	/* Why none, where that is worth saying; or, of one that is known by
	 * its id, why it cannot be given what the run is to have. */
	char missing[SBK_ACCOUNT_MISSING_MAX];
	/* What of 'writes' would not be known to hold; "" where all of it. */
	char reserved[256];
	enum sbk_account_wish wish;
	/* Whose passwords the person's programs could read, comma separated,
	 * where the run is to be the person's own; and whether it makes them
	 * worthless or is refused. */
	char kept[SBK_RUN_WITHHOLDS_MAX];
	bool withholds;
	struct sbk_forecast_item *items; /* in the arena, by kind */
	size_t count, capacity;
};

/* Fills `out`, which is released also after a failure. SBK_E_NOMEM, LIMIT, and
 * what else resolving the view of a scope may say. */
int sbk_account_forecast(const struct sbk_scope *scope,
			 struct sbk_account_forecast *out,
			 struct sbk_error *err);
void sbk_account_forecast_release(struct sbk_account_forecast *forecast);

/* The name of the account where the run has its own home and no view, or NULL.
 * Borrowed. */
const char *
sbk_account_forecast_outside(const struct sbk_account_forecast *forecast);
void sbk_account_forecast_print(const struct sbk_account_forecast *forecast,
				struct sbk_buf *out);
/* A member "account" of an open JSON object. */
void sbk_account_forecast_print_json(
	const struct sbk_account_forecast *forecast, struct sbk_buf *out);

#endif
