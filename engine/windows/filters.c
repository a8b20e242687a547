/*
 * FILTERS: all network filters of this installation, as one object, by the GUID
 * of their provider; states as filter_rules.h has them.
 *
 * One state is replaced by another in one transaction of the Filtering
 * Platform, so no packet meets half a set, and a crash leaves the old one.
 * Everything that bears our provider is ours, whoever altered it; nothing else
 * is touched. What was committed is read back, property by property.
 *
 * No user is let go as whom somebody could log on, or something runs.
 */
#include <string.h>

#include "engine/windows/at_rest.h"
#include "engine/windows/kinds.h"
#include "engine/windows/win32_filters.h"

#include "engine/banned.h"

static int open_filters(const char *name, struct sbk_guid *provider,
			HANDLE *engine, struct sbk_error *err)
{
	if (!sbk_guid_parse(name, strlen(name), provider) ||
	    !sbk_guid_is_kin(provider, provider))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.64s' is no provider of filters of "
				     "ours",
				     name);
	return sbk_win32_filters_open(engine, err);
}

static int look(HANDLE engine, const struct sbk_guid *provider,
		struct sbk_filter_set *set, struct sbk_buf *state,
		struct sbk_error *err)
{
	int rc = sbk_win32_filters_read(engine, provider, set, err);

	sbk_buf_clear(state);
	if (rc == 0) {
		sbk_filter_set_encode(set, state);
		rc = sbk_buf_failed(state, err);
	}
	return rc;
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_filter_set set = {.filters = NULL};
	struct sbk_guid provider;
	HANDLE engine = NULL;
	int rc = open_filters(object->name, &provider, &engine, err);

	(void)host;
	if (rc == 0)
		rc = look(engine, &provider, &set, &out->state, err);
	sbk_filter_set_release(&set);
	sbk_win32_filters_close(&engine);
	return rc;
}

/* Filters first: what they lie in cannot go before them. */
static int delete_all(HANDLE engine, const struct sbk_filter_set *set,
		      struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < set->count; i++)
		rc = sbk_win32_filter_delete(engine, &set->filters[i].key, err);
	if (rc == 0 && set->has_sublayer)
		rc = sbk_win32_sublayer_delete(engine, &set->sublayer, err);
	if (rc == 0 && set->has_provider)
		rc = sbk_win32_provider_delete(engine, &set->provider, err);
	return rc;
}

static int add_all(HANDLE engine, const struct sbk_filter_set *set,
		   struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	if (set->has_provider)
		rc = sbk_win32_provider_add(engine, &set->provider, err);
	if (rc == 0 && set->has_sublayer)
		rc = sbk_win32_sublayer_add(engine, set, err);
	for (i = 0; rc == 0 && i < set->count; i++)
		rc = sbk_win32_filter_add(engine, set, &set->filters[i], err);
	return rc;
}

/* Only what sbk_filters_want makes is made; above all, nothing `other`. */
static int check_wanted(const struct sbk_filter_set *set,
			const struct sbk_guid *provider, struct sbk_error *err)
{
	bool bad = sbk_filter_set_has_flaw(set) ||
		   set->has_provider != set->has_sublayer ||
		   (set->count > 0 && !set->has_provider);
	size_t i;

	if (set->has_provider)
		bad = bad || !sbk_guid_is_kin(&set->provider, provider) ||
		      !sbk_guid_is_kin(&set->sublayer, provider);
	for (i = 0; i < set->count; i++)
		bad = bad || set->filters[i].is_other ||
		      !sbk_guid_is_kin(&set->filters[i].key, provider);
	return bad ? sbk_error_set(err, SBK_E_PARSE,
				   "the state is not one that is made")
		   : 0;
}

static bool is_kept(const struct sbk_filter_set *set,
		    const struct sbk_sid *user)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (!set->filters[i].is_other && !set->filters[i].permit &&
		    sbk_sid_equal(&set->filters[i].user, user))
			return true;
	return false;
}

/* Before any filter goes: whoever has none afterwards is at rest. */
static int check_let_go(const struct sbk_filter_set *now,
			const struct sbk_filter_set *wanted,
			struct sbk_error *err)
{
	const struct sbk_sid *last = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < now->count; i++) {
		const struct sbk_filter *filter = &now->filters[i];

		/* A user's stand one behind the other: asked once. */
		if (filter->is_other || is_kept(wanted, &filter->user) ||
		    (last != NULL && sbk_sid_equal(last, &filter->user)))
			continue;
		last = &filter->user;
		rc = sbk_account_at_rest(last, err);
	}
	return rc;
}

static int change(HANDLE engine, const struct sbk_filter_set *now,
		  const struct sbk_filter_set *wanted, struct sbk_error *err)
{
	int rc = sbk_win32_filters_begin(engine, err);

	if (rc == 0)
		rc = delete_all(engine, now, err);
	if (rc == 0)
		rc = add_all(engine, wanted, err);
	/* Closing the engine aborts what was not committed. */
	return rc < 0 ? rc : sbk_win32_filters_commit(engine, err);
}

/* As `look`; what stands there must be `state`, else `code`. */
static int check(HANDLE engine, const struct sbk_guid *provider,
		 struct sbk_filter_set *set, struct sbk_state state, int code,
		 const char *message, struct sbk_error *err)
{
	struct sbk_buf now = SBK_BUF_INIT;
	int rc = look(engine, provider, set, &now, err);

	if (rc == 0 &&
	    !sbk_state_equal(state,
			     (struct sbk_state){sbk_buf_text(&now), now.size}))
		rc = sbk_error_set(err, code, "%s", message);
	sbk_buf_release(&now);
	return rc;
}

static int replace_in(HANDLE engine, const struct sbk_guid *provider,
		      struct sbk_state expected, struct sbk_state next,
		      struct sbk_error *err)
{
	struct sbk_filter_set now = {.filters = NULL}, wanted, after = now;
	int rc = sbk_filter_set_parse(&wanted, next, err);

	if (rc == 0)
		rc = check_wanted(&wanted, provider, err);
	if (rc == 0)
		rc = check(engine, provider, &now, expected, SBK_E_CONFLICT,
			   "they were changed meanwhile", err);
	if (rc == 0)
		rc = check_let_go(&now, &wanted, err);
	if (rc == 0 && !sbk_state_equal(expected, next))
		rc = change(engine, &now, &wanted, err);
	if (rc == 0)
		rc = check(engine, provider, &after, next, SBK_E_IO,
			   "the system reported success but they are not what "
			   "was asked for",
			   err);
	sbk_filter_set_release(&now);
	sbk_filter_set_release(&wanted);
	sbk_filter_set_release(&after);
	return rc;
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_guid provider;
	HANDLE engine = NULL;
	int rc = open_filters(object->name, &provider, &engine, err);

	(void)host;
	if (rc == 0)
		rc = replace_in(engine, &provider, expected, next, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "network filters '%.64s'",
				       object->name);
	sbk_win32_filters_close(&engine);
	return rc;
}

/* Altered or not, what bears our provider is ours: whom the change added are
 * let go, and everybody else stays off the network. */
static int subtract(struct sbk_host *host, const struct sbk_change *made,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	(void)host;
	return sbk_filters_without(next, made->before, made->after, current,
				   err);
}

const struct sbk_host_kind sbk_host_filters = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
