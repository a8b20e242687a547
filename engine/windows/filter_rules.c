/* The filters as data; see the header. */
#include "engine/windows/filter_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state_text.h"

#include "engine/banned.h"

#define FAMILY 0x53420000u /* of the GUIDs; the rest is a number */
#define SUBLAYER_NUMBER 1u
#define FIRST_FILTER 2u
/* Ours is asked first; a block of anybody's holds all the same. */
#define SUBLAYER_WEIGHT 65535
#define BLOCK_WEIGHT 1
#define PERMIT_WEIGHT 14

static const char *const layer_names[SBK_FILTER_LAYER_COUNT] = {
	"connect4", "connect6", "accept4", "accept6", "listen4", "listen6"};

/* --- GUIDs ---------------------------------------------------------------- */

void sbk_guid_format(const struct sbk_guid *guid, char out[SBK_GUID_TEXT])
{
	(void)snprintf(out, SBK_GUID_TEXT,
		       "%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		       (unsigned long)guid->a, guid->b, guid->c, guid->d[0],
		       guid->d[1], guid->d[2], guid->d[3], guid->d[4],
		       guid->d[5], guid->d[6], guid->d[7]);
}

/* From 16 bytes in the order in which they are written. */
static struct sbk_guid from_bytes(const uint8_t bytes[16])
{
	struct sbk_guid guid = {.a = (uint32_t)bytes[0] << 24 |
				     (uint32_t)bytes[1] << 16 |
				     (uint32_t)bytes[2] << 8 | bytes[3],
				.b = (uint16_t)(bytes[4] << 8 | bytes[5]),
				.c = (uint16_t)(bytes[6] << 8 | bytes[7])};

	memcpy(guid.d, bytes + 8, 8);
	return guid;
}

bool sbk_guid_parse(const char *text, size_t size, struct sbk_guid *out)
{
	char digits[33], again[SBK_GUID_TEXT];
	uint8_t bytes[16];
	size_t i, count = 0;

	if (size != SBK_GUID_TEXT - 1)
		return false;
	for (i = 0; i < size; i++)
		if (text[i] != '-' && count < 32)
			digits[count++] = text[i];
	digits[count] = '\0';
	if (!sbk_hex_decode(digits, bytes, sizeof(bytes)))
		return false;
	*out = from_bytes(bytes);
	sbk_guid_format(out, again);
	return memcmp(again, text, size) == 0;
}

bool sbk_guid_is_kin(const struct sbk_guid *a, const struct sbk_guid *b)
{
	return (a->a & 0xffff0000u) == FAMILY &&
	       (b->a & 0xffff0000u) == FAMILY && a->b == b->b && a->c == b->c &&
	       memcmp(a->d, b->d, sizeof(a->d)) == 0;
}

static struct sbk_guid numbered(struct sbk_guid family, uint32_t number)
{
	family.a = FAMILY | number;
	return family;
}

/* The provider's GUID of an installation. */
static int family_of(const char *installation, struct sbk_guid *out,
		     struct sbk_error *err)
{
	uint8_t bytes[16] = {0};

	if (strlen(installation) != SBK_INSTALLATION_DIGITS ||
	    !sbk_hex_decode(installation, bytes, sizeof(bytes)))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.64s' is no id of an installation",
				     installation);
	memmove(bytes + 4, bytes, 12);
	*out = numbered(from_bytes(bytes), 0);
	return 0;
}

int sbk_filters_name(const char *installation, char out[SBK_GUID_TEXT],
		     struct sbk_error *err)
{
	struct sbk_guid provider;
	int rc = family_of(installation, &provider, err);

	if (rc == 0)
		sbk_guid_format(&provider, out);
	return rc;
}

/* --- sets ----------------------------------------------------------------- */

void sbk_filter_set_release(struct sbk_filter_set *set)
{
	free(set->filters);
	*set = (struct sbk_filter_set){.filters = NULL};
}

int sbk_filter_set_add(struct sbk_filter_set *set,
		       const struct sbk_filter *filter, struct sbk_error *err)
{
	if (set->count == set->room) {
		const size_t room = set->room * 2 + 16;
		struct sbk_filter *grown =
			realloc(set->filters, room * sizeof(*grown));

		if (grown == NULL)
			return sbk_error_no_memory(err);
		set->filters = grown;
		set->room = room;
	}
	set->filters[set->count++] = *filter;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct sbk_filter *one = a, *other = b;
	char first[SBK_GUID_TEXT], second[SBK_GUID_TEXT];

	sbk_guid_format(&one->key, first);
	sbk_guid_format(&other->key, second);
	return strcmp(first, second);
}

static const char *const flaw_words[SBK_FILTER_FLAW_COUNT] = {
	[SBK_FILTER_NO_FLAW] = "",
	[SBK_FILTER_TRANSIENT] = " transient",
	[SBK_FILTER_DISABLED] = " disabled",
};

const char *sbk_filter_flaw_word(enum sbk_filter_flaw flaw)
{
	const char *word = flaw_words[flaw];

	return *word == ' ' ? word + 1 : word;
}

/* Of what is left of a line; false for other words. */
static bool parse_flaw(const char *rest, size_t left, enum sbk_filter_flaw *out)
{
	int i;

	for (i = 0; i < SBK_FILTER_FLAW_COUNT; i++)
		if (strlen(flaw_words[i]) == left &&
		    memcmp(flaw_words[i], rest, left) == 0) {
			*out = (enum sbk_filter_flaw)i;
			return true;
		}
	return false;
}

static void encode_filter(const struct sbk_filter *filter, struct sbk_buf *out)
{
	char key[SBK_GUID_TEXT];
	struct sbk_sid_text text;

	sbk_guid_format(&filter->key, key);
	if (filter->is_other) {
		sbk_buf_printf(out, "filter %s other%s\n", key,
			       flaw_words[filter->flaw]);
		return;
	}
	sbk_buf_printf(out, "filter %s layer %s %s weight %u user %s", key,
		       layer_names[filter->layer],
		       filter->permit ? "permit" : "block", filter->weight,
		       sbk_sid_format(&filter->user, &text));
	if (filter->permit)
		sbk_buf_printf(out, " tcp loopback ports %u-%u",
			       filter->first_port, filter->last_port);
	sbk_buf_addc(out, '\n');
}

void sbk_filter_set_encode(struct sbk_filter_set *set, struct sbk_buf *out)
{
	char key[SBK_GUID_TEXT];
	size_t i;

	if (set->count > 0)
		qsort(set->filters, set->count, sizeof(*set->filters), compare);
	if (set->has_provider) {
		sbk_guid_format(&set->provider, key);
		sbk_buf_printf(out, "provider %s%s\n", key,
			       flaw_words[set->provider_flaw]);
	}
	if (set->has_sublayer) {
		sbk_guid_format(&set->sublayer, key);
		sbk_buf_printf(out, "sublayer %s weight %u%s\n", key,
			       set->weight, flaw_words[set->sublayer_flaw]);
	}
	for (i = 0; i < set->count; i++)
		encode_filter(&set->filters[i], out);
}

/* What stands between `before` and the next blank, or the end. */
static bool take_word(const char **rest, size_t *left, const char *before,
		      const char **word, size_t *size)
{
	const size_t skip = strlen(before);
	const char *blank;

	if (*left < skip || memcmp(*rest, before, skip) != 0)
		return false;
	*word = *rest + skip;
	*left -= skip;
	blank = memchr(*word, ' ', *left);
	*size = blank != NULL ? (size_t)(blank - *word) : *left;
	*rest = *word + *size;
	*left -= *size;
	return *size > 0;
}

static bool take_number(const char **rest, size_t *left, const char *before,
			unsigned *out)
{
	const char *word;
	char text[8];
	size_t size;

	if (!take_word(rest, left, before, &word, &size) ||
	    size >= sizeof(text))
		return false;
	memcpy(text, word, size);
	text[size] = '\0';
	return sscanf(text, "%5u", out) == 1 && *out <= 65535;
}

static bool parse_layer(const char *word, size_t size,
			enum sbk_filter_layer *out)
{
	int i;

	for (i = 0; i < SBK_FILTER_LAYER_COUNT; i++) {
		if (strlen(layer_names[i]) == size &&
		    memcmp(layer_names[i], word, size) == 0) {
			*out = (enum sbk_filter_layer)i;
			return true;
		}
	}
	return false;
}

/* What follows the key of a filter. */
static bool parse_rest(const char *rest, size_t left, struct sbk_filter *out)
{
	unsigned weight, first = 0, last = 0;
	const char *word;
	char ports[12] = "";
	size_t size;

	if (!take_word(&rest, &left, " layer ", &word, &size) ||
	    !parse_layer(word, size, &out->layer) ||
	    !take_word(&rest, &left, " ", &word, &size))
		return false;
	out->permit = size == 6;
	if (!take_number(&rest, &left, " weight ", &weight) ||
	    !take_word(&rest, &left, " user ", &word, &size) ||
	    sbk_sid_parse(word, size, &out->user, NULL) < 0)
		return false;
	if (out->permit &&
	    (!take_word(&rest, &left, " tcp loopback ports ", &word, &size) ||
	     size >= sizeof(ports)))
		return false;
	if (out->permit) {
		memcpy(ports, word, size);
		if (sscanf(ports, "%5u-%5u", &first, &last) != 2)
			return false;
	}
	out->weight = (uint8_t)weight;
	out->first_port = (uint16_t)first;
	out->last_port = (uint16_t)last;
	return true;
}

static int parse_filter(struct sbk_filter_set *set, const char *line,
			size_t size, struct sbk_error *err)
{
	const size_t key = SBK_GUID_TEXT - 1;
	struct sbk_filter filter = {.weight = 0};

	if (size < key || !sbk_guid_parse(line, key, &filter.key))
		return SBK_E_PARSE;
	filter.is_other =
		size >= key + 6 && memcmp(line + key, " other", 6) == 0 &&
		parse_flaw(line + key + 6, size - key - 6, &filter.flaw);
	if (!filter.is_other && !parse_rest(line + key, size - key, &filter))
		return SBK_E_PARSE;
	return sbk_filter_set_add(set, &filter, err);
}

static bool parse_provider(struct sbk_filter_set *set, const char *text,
			   size_t size)
{
	const size_t key = size < 36 ? size : 36;

	return sbk_guid_parse(text, key, &set->provider) &&
	       parse_flaw(text + key, size - key, &set->provider_flaw);
}

static bool parse_sublayer(struct sbk_filter_set *set, const char *text,
			   size_t size)
{
	const size_t key = size < 36 ? size : 36;
	const char *rest = text + key;
	size_t left = size - key;
	unsigned weight = 0;

	if (!sbk_guid_parse(text, key, &set->sublayer) ||
	    !take_number(&rest, &left, " weight ", &weight))
		return false;
	set->weight = (uint16_t)weight;
	return parse_flaw(rest, left, &set->sublayer_flaw);
}

int sbk_filter_set_parse(struct sbk_filter_set *set, struct sbk_state state,
			 struct sbk_error *err)
{
	struct sbk_state_text in = {.data = state.data, .size = state.size};
	struct sbk_buf again = SBK_BUF_INIT;
	const char *text;
	size_t size;
	int rc = 0;

	*set = (struct sbk_filter_set){.filters = NULL};
	if (sbk_state_text_take(&in, "provider ", &text, &size))
		set->has_provider = parse_provider(set, text, size);
	if (sbk_state_text_take(&in, "sublayer ", &text, &size))
		set->has_sublayer = parse_sublayer(set, text, size);
	while (rc == 0 && sbk_state_text_take(&in, "filter ", &text, &size))
		rc = parse_filter(set, text, size, err);
	if (rc == 0) {
		sbk_filter_set_encode(set, &again);
		rc = sbk_buf_failed(&again, err);
	}
	/* One form and no other: it is what would be written again. */
	if (rc == SBK_E_PARSE ||
	    (rc == 0 &&
	     (state.size != again.size ||
	      memcmp(state.data, sbk_buf_text(&again), again.size) != 0)))
		rc = sbk_error_set(err, SBK_E_PARSE,
				   "the state of the network filters is "
				   "malformed");
	sbk_buf_release(&again);
	return rc;
}

/* --- what is wanted ------------------------------------------------------- */

static int add_user(struct sbk_filter_set *set, size_t index,
		    const struct sbk_sid *user, uint16_t first, uint16_t last,
		    struct sbk_error *err)
{
	const uint32_t number =
		FIRST_FILTER + (uint32_t)index * SBK_FILTERS_PER_USER;
	uint32_t i;
	int rc = 0;

	/* Six that block, two that permit. */
	for (i = 0; rc == 0 && i < SBK_FILTERS_PER_USER; i++) {
		const bool permit = i >= SBK_FILTER_LAYER_COUNT;
		const struct sbk_filter filter = {
			.key = numbered(set->provider, number + i),
			.layer = (enum sbk_filter_layer)(
				permit ? i - SBK_FILTER_LAYER_COUNT : i),
			.permit = permit,
			.weight = permit ? PERMIT_WEIGHT : BLOCK_WEIGHT,
			.user = *user,
			.first_port = permit ? first : 0,
			.last_port = permit ? last : 0};

		rc = sbk_filter_set_add(set, &filter, err);
	}
	return rc;
}

/* What keeps these users off the network, but for these ports. */
static int want(struct sbk_buf *out, const struct sbk_guid *provider,
		const struct sbk_sid *users, size_t count, uint16_t first_port,
		uint16_t last_port, struct sbk_error *err)
{
	struct sbk_filter_set set = {.provider = *provider};
	size_t i;
	int rc = 0;

	if (count > SBK_FILTER_USERS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "filters for more than %d accounts",
				     SBK_FILTER_USERS_MAX);
	if (count == 0)
		return 0;
	set.has_provider = set.has_sublayer = true;
	set.sublayer = numbered(set.provider, SUBLAYER_NUMBER);
	set.weight = SUBLAYER_WEIGHT;
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_user(&set, i, &users[i], first_port, last_port, err);
	if (rc == 0) {
		sbk_filter_set_encode(&set, out);
		rc = sbk_buf_failed(out, err);
	}
	sbk_filter_set_release(&set);
	return rc;
}

int sbk_filters_want(struct sbk_buf *out, const char *installation,
		     const struct sbk_sid *users, size_t count,
		     uint16_t first_port, uint16_t last_port,
		     struct sbk_error *err)
{
	struct sbk_guid provider;
	int rc = family_of(installation, &provider, err);

	if (rc == 0 && (first_port == 0 || first_port > last_port))
		rc = sbk_error_set(err, SBK_E_INVAL, "%u-%u is no port range",
				   first_port, last_port);
	return rc < 0 ? rc
		      : want(out, &provider, users, count, first_port,
			     last_port, err);
}

static size_t filters_of(const struct sbk_filter_set *set,
			 const struct sbk_sid *user)
{
	size_t i, count = 0;

	for (i = 0; i < set->count; i++)
		count += !set->filters[i].is_other &&
			 sbk_sid_equal(&set->filters[i].user, user);
	return count;
}

bool sbk_filter_set_has_flaw(const struct sbk_filter_set *set)
{
	return set->provider_flaw != SBK_FILTER_NO_FLAW ||
	       set->sublayer_flaw != SBK_FILTER_NO_FLAW;
}

bool sbk_filter_set_is_whole(const struct sbk_filter_set *set)
{
	size_t i;

	if (sbk_filter_set_has_flaw(set))
		return false;
	for (i = 0; i < set->count; i++)
		if (set->filters[i].is_other ||
		    filters_of(set, &set->filters[i].user) !=
			    SBK_FILTERS_PER_USER)
			return false;
	return true;
}

bool sbk_filter_set_holds(const struct sbk_filter_set *set,
			  const struct sbk_sid *user)
{
	const unsigned all = (1u << SBK_FILTER_LAYER_COUNT) - 1;
	unsigned blocked = 0;
	size_t i;

	if (!set->has_provider || !set->has_sublayer ||
	    set->weight != SUBLAYER_WEIGHT ||
	    set->provider_flaw == SBK_FILTER_DISABLED)
		return false;
	for (i = 0; i < set->count; i++) {
		const struct sbk_filter *filter = &set->filters[i];

		/* Whom one that was altered lets go is not known. */
		if (filter->is_other)
			return false;
		if (sbk_sid_equal(&filter->user, user) && !filter->permit &&
		    filter->weight == BLOCK_WEIGHT)
			blocked |= 1u << filter->layer;
	}
	return blocked == all;
}

/* Users of `from` with all of their filters, each once, but for those that
 * `after` has and `before` has not. */
static void keep_users(const struct sbk_filter_set *from,
		       const struct sbk_filter_set *before,
		       const struct sbk_filter_set *after,
		       struct sbk_sid *users, size_t *count)
{
	size_t i, j;

	for (i = 0; i < from->count && *count < SBK_FILTER_USERS_MAX; i++) {
		const struct sbk_sid *user = &from->filters[i].user;

		if (from->filters[i].is_other ||
		    filters_of(from, user) != SBK_FILTERS_PER_USER ||
		    (filters_of(after, user) > 0 &&
		     filters_of(before, user) == 0))
			continue;
		for (j = 0; j < *count && !sbk_sid_equal(&users[j], user); j++)
			;
		if (j == *count)
			users[(*count)++] = *user;
	}
}

int sbk_filters_without(struct sbk_buf *out, struct sbk_state before,
			struct sbk_state after, struct sbk_state current,
			struct sbk_error *err)
{
	struct sbk_filter_set old = {.filters = NULL}, made = old, now = old;
	struct sbk_sid *users = calloc(SBK_FILTER_USERS_MAX, sizeof(*users));
	uint16_t first = 1, last = 1;
	size_t count = 0, i;
	int rc = users == NULL ? sbk_error_no_memory(err)
			       : sbk_filter_set_parse(&old, before, err);

	if (rc == 0)
		rc = sbk_filter_set_parse(&made, after, err);
	if (rc == 0)
		rc = sbk_filter_set_parse(&now, current, err);
	if (rc < 0)
		goto out;
	if (!sbk_filter_set_is_whole(&now))
		keep_users(&old, &old, &made, users, &count);
	keep_users(&now, &old, &made, users, &count);
	for (i = 0; i < made.count; i++) {
		if (!made.filters[i].permit)
			continue;
		first = made.filters[i].first_port;
		last = made.filters[i].last_port;
	}
	rc = want(out, &made.provider, users, count, first, last, err);
out:
	sbk_filter_set_release(&old);
	sbk_filter_set_release(&made);
	sbk_filter_set_release(&now);
	free(users);
	return rc;
}
