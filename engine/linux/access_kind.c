/*
 * The kind ACCESS: owner, group, mode and ACLs of paths that exist already,
 * one at a time and, by helper threads, many at once.
 *
 * There is no atomic compare-and-set for an ACL: between the comparison with
 * the expected state and the write stand a few microseconds in which another
 * program's chmod or setfacl is lost. The descriptor guarantees that no other
 * object is hit, and reading back that the result is the one that was meant.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/linux/access.h"
#include "engine/linux/access_rules.h"
#include "engine/linux/host.h"
#include "engine/linux/kinds.h"

#include "engine/banned.h"

/* State and identity of a pinned object on a known volume. */
static int observe_pinned(const struct sbk_volume *volume, struct sbk_pin *pin,
			  const struct sbk_object *object,
			  struct sbk_observation *out, struct sbk_error *err)
{
	char identity[SBK_IDENTITY_MAX];
	struct sbk_access access;
	int rc;

	rc = sbk_identity_on(volume, pin, object->identity, identity, err);
	if (rc == 0)
		rc = sbk_access_read_pinned(pin, &access, err);
	if (rc < 0) {
		(void)sbk_error_prefix(err, "'%s'", object->name);
		return rc;
	}
	sbk_access_format(&access, &out->state);
	sbk_buf_adds(&out->identity, identity);
	rc = sbk_buf_failed(&out->state, err);
	return rc < 0 ? rc : sbk_buf_failed(&out->identity, err);
}

static int observe(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_observation *out, struct sbk_error *err)
{
	struct sbk_pin pin = SBK_PIN_INIT;
	struct sbk_volume *volume = NULL;
	int rc = sbk_pin_path(object->name, &pin, err);

	if (rc < 0)
		return rc;
	/* What is settled by looking must be durable, too. */
	rc = sbk_host_touch_pin(host, &pin, err);
	if (rc == 0)
		rc = sbk_volume_of(&host->volumes, &pin, &volume, err);
	if (rc == 0)
		rc = observe_pinned(volume, &pin, object, out, err);
	sbk_pin_release(&pin);
	return rc;
}

/* Left by a helper to the caller's thread: a volume that has to be asked
 * about, or marked for the flush, first. */
#define NOT_FOR_HELPERS 2

/* The pin's volume where helpers may use it, or NULL. */
static const struct sbk_volume *ready_volume(const struct sbk_host *host,
					     const struct sbk_pin *pin)
{
	const struct sbk_volume *volume = sbk_volume_known(&host->volumes, pin);

	return volume != NULL && (volume->sync_fd >= 0 || host->sync_all)
		       ? volume
		       : NULL;
}

/* Many at once, by several threads. */
struct looks {
	struct sbk_host *host;
	struct sbk_change *const *changes;
	struct sbk_observation *out;
	struct sbk_error *outcomes;
};

/* The mode that a state speaks of, as a hint; 0 where it does not. */
static uint32_t mode_hint(struct sbk_state state)
{
	static const char word[] = "\nmode ";
	const char *end = state.data + state.size, *at;
	uint32_t mode = 0;

	at = memmem(state.data, state.size, word, sizeof(word) - 1);
	if (at == NULL)
		return 0;
	for (at += sizeof(word) - 1; at < end && *at >= '0' && *at <= '7'; at++)
		mode = mode << 3 | (uint32_t)(*at - '0');
	return mode;
}

static void observe_indexed(void *arg, size_t index)
{
	const struct looks *looks = arg;
	const struct sbk_change *change = looks->changes[index];
	struct sbk_error *outcome = &looks->outcomes[index];
	const struct sbk_volume *volume;
	struct sbk_pin pin = SBK_PIN_INIT;
	int rc = sbk_pin_path_as(change->object.name, mode_hint(change->after),
				 &pin, outcome);

	if (rc == 0) {
		volume = ready_volume(looks->host, &pin);
		rc = volume == NULL
			     ? NOT_FOR_HELPERS
			     : observe_pinned(volume, &pin, &change->object,
					      &looks->out[index], outcome);
	}
	sbk_pin_release(&pin);
	outcome->code = rc;
}

static void observe_singly(const struct looks *looks, size_t index)
{
	struct sbk_error *outcome = &looks->outcomes[index];

	sbk_error_clear(outcome);
	outcome->code = observe(looks->host, &looks->changes[index]->object,
				&looks->out[index], outcome);
}

void sbk_access_observe_all(struct sbk_host *host,
			    struct sbk_change *const *changes, size_t count,
			    struct sbk_observation *out,
			    struct sbk_error *outcomes)
{
	struct looks looks = {host, changes, out, outcomes};
	size_t i;

	/* The first makes the volume known and marks it for the flush. */
	if (count > 0)
		observe_singly(&looks, 0);
	if (count > 1) {
		struct looks rest = {host, changes + 1, out + 1, outcomes + 1};

		sbk_pool_run(&host->pool, observe_indexed, &rest, count - 1);
	}
	for (i = 1; i < count; i++)
		if (outcomes[i].code == NOT_FOR_HELPERS)
			observe_singly(&looks, i);
}

/* The pinned object is the one that is meant, in the state that is expected. */
static int check_expected(const struct sbk_volume *volume, struct sbk_pin *pin,
			  const char *identity,
			  const struct sbk_access *expected,
			  struct sbk_error *err)
{
	char found[SBK_IDENTITY_MAX];
	struct sbk_access now;
	int rc;

	if (identity != NULL) {
		rc = sbk_identity_on(volume, pin, identity, found, err);
		if (rc < 0)
			return rc;
		if (strcmp(found, identity) != 0)
			return sbk_error_set(err, SBK_E_CONFLICT,
					     "another object stands there now");
	}
	rc = sbk_access_read_pinned(pin, &now, err);
	if (rc < 0 || sbk_access_equal(&now, expected))
		return rc;
	return sbk_error_set(err, SBK_E_CONFLICT,
			     "its owner, mode or ACL was changed meanwhile");
}

/* One replacement from parsing to reading back. */
struct replacement {
	struct sbk_access before, after;
	struct sbk_pin pin;
};

static int begin_replacement(struct replacement *r,
			     const struct sbk_object *object,
			     struct sbk_state expected, struct sbk_state next,
			     struct sbk_error *err)
{
	int rc = sbk_access_parse(expected, &r->before, err);

	r->pin = (struct sbk_pin)SBK_PIN_INIT;
	if (rc == 0)
		rc = sbk_access_parse(next, &r->after, err);
	if (rc == 0)
		rc = sbk_pin_path_as(object->name, r->before.mode, &r->pin,
				     err);
	return rc;
}

static int finish_replacement(struct replacement *r,
			      const struct sbk_volume *volume,
			      const char *identity, struct sbk_error *err)
{
	int rc = check_expected(volume, &r->pin, identity, &r->before, err);

	return rc < 0 ? rc
		      : sbk_access_write(&r->pin, &r->before, &r->after, err);
}

static int replace(struct sbk_host *host, const struct sbk_object *object,
		   struct sbk_state expected, struct sbk_state next,
		   struct sbk_error *err)
{
	struct sbk_volume *volume = NULL;
	struct replacement r;
	int rc;

	rc = begin_replacement(&r, object, expected, next, err);
	if (rc == 0)
		rc = sbk_host_touch_pin(host, &r.pin, err);
	if (rc == 0)
		rc = sbk_volume_of(&host->volumes, &r.pin, &volume, err);
	if (rc == 0)
		rc = finish_replacement(&r, volume, object->identity, err);
	sbk_pin_release(&r.pin);
	return rc;
}

static void replace_indexed(void *arg, size_t index)
{
	struct sbk_host *host = arg;
	struct sbk_access_batch *batch = &host->batch;
	const struct sbk_change *change = batch->changes[index];
	struct sbk_error *outcome = &batch->outcomes[index];
	const struct sbk_volume *volume;
	struct replacement r;
	int rc;

	sbk_error_clear(outcome);
	outcome->code = SBK_REPLACE_NOT_TRIED;
	if (batch->stop && atomic_load(&batch->failed))
		return;
	rc = begin_replacement(&r, &change->object, change->before,
			       change->after, outcome);
	if (rc == 0) {
		volume = ready_volume(host, &r.pin);
		if (volume == NULL)
			rc = NOT_FOR_HELPERS;
		else
			rc = finish_replacement(
				&r, volume, change->object.identity, outcome);
	}
	sbk_pin_release(&r.pin);
	outcome->code = rc;
	if (rc < 0)
		atomic_store(&batch->failed, true);
}

/* By the caller's thread, where a helper left it. */
static void replace_singly(struct sbk_host *host, size_t index)
{
	struct sbk_access_batch *batch = &host->batch;
	const struct sbk_change *change = batch->changes[index];
	struct sbk_error *outcome = &batch->outcomes[index];

	sbk_error_clear(outcome);
	outcome->code = SBK_REPLACE_NOT_TRIED;
	if (batch->stop && atomic_load(&batch->failed))
		return;
	outcome->code = replace(host, &change->object, change->before,
				change->after, outcome);
	if (outcome->code < 0)
		atomic_store(&batch->failed, true);
}

void sbk_access_replace_begin(struct sbk_host *host,
			      struct sbk_change *const *changes, size_t count,
			      bool stop, struct sbk_error *outcomes)
{
	host->batch.changes = changes;
	host->batch.count = count;
	host->batch.outcomes = outcomes;
	host->batch.stop = stop;
	atomic_store(&host->batch.failed, false);
	if (count == 0)
		return;
	/* The first makes the volume known and marks it for the flush. */
	replace_singly(host, 0);
	host->batch.changes++;
	host->batch.outcomes++;
	host->batch.count--;
	sbk_pool_begin(&host->pool, replace_indexed, host, host->batch.count);
}

void sbk_access_replace_end(struct sbk_host *host)
{
	struct sbk_access_batch *batch = &host->batch;
	size_t i;

	sbk_pool_end(host->pool);
	for (i = 0; i < batch->count; i++)
		if (batch->outcomes[i].code == NOT_FOR_HELPERS)
			replace_singly(host, i);
	batch->count = 0;
}

static int subtract(struct sbk_host *host, const struct sbk_change *change,
		    struct sbk_state current, struct sbk_buf *next,
		    struct sbk_error *err)
{
	(void)host;
	return sbk_access_subtract(change, current, next, err);
}

const struct sbk_host_kind sbk_host_access = {
	.observe = observe,
	.replace = replace,
	.subtract = subtract,
};
