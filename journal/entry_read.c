/* See the header. */
#include "journal/entry_read.h"

#include <stdio.h>
#include <string.h>

#include "engine/json_load.h"

#include "engine/banned.h"

int sbk_entry_open(struct sbk_entry_reader *r, uint64_t n, const char *json,
		   size_t size, struct sbk_error *err)
{
	json_error_t why;

	memset(r, 0, sizeof(*r));
	r->n = n;
	r->err = err;
	r->json = sbk_json_load(json, size, JSON_REJECT_DUPLICATES, &why);
	if (r->json != NULL)
		return 0;
	if (json_error_code(&why) == json_error_out_of_memory)
		return sbk_error_no_memory(err);
	return sbk_error_set(err, SBK_E_CORRUPT, "entry %llu is no JSON: %s",
			     (unsigned long long)n, why.text);
}

void sbk_entry_close(struct sbk_entry_reader *r)
{
	size_t i;

	json_decref(r->json);
	for (i = 0; i < sizeof(r->texts) / sizeof(r->texts[0]); i++)
		sbk_buf_release(&r->texts[i]);
}

int sbk_entry_wrong(struct sbk_entry_reader *r, const char *key)
{
	return sbk_error_set(r->err, SBK_E_CORRUPT,
			     "entry %llu has no proper \"%s\"",
			     (unsigned long long)r->n, key);
}

bool sbk_entry_has(const struct sbk_entry_reader *r, const char *key)
{
	return json_object_get(r->json, key) != NULL;
}

int sbk_entry_number(struct sbk_entry_reader *r, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(r->json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return sbk_entry_wrong(r, key);
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

int sbk_entry_owner(struct sbk_entry_reader *r, const char *key,
		    struct sbk_owner *out)
{
	return sbk_json_load_owner(json_object_get(r->json, key), out)
		       ? 0
		       : sbk_entry_wrong(r, key);
}

int sbk_entry_time(struct sbk_entry_reader *r, int64_t *out)
{
	uint64_t value;
	int rc = sbk_entry_number(r, "time_ms", &value);

	if (rc == 0)
		*out = (int64_t)value;
	return rc;
}

/* The value of "<key>_hex" as bytes without a NUL. */
static int decode_hex(struct sbk_entry_reader *r, const char *key,
		      const char *hex, const char **out)
{
	struct sbk_buf *text = &r->texts[r->text_count++];
	const size_t size = strlen(hex) / 2;

	sbk_buf_clear(text);
	sbk_buf_add(text, hex, size); /* room for the bytes */
	if (sbk_buf_failed(text, r->err) < 0)
		return SBK_E_NOMEM;
	if (size == 0 || !sbk_hex_decode(hex, text->data, size) ||
	    memchr(text->data, '\0', size) != NULL)
		return sbk_entry_wrong(r, key);
	*out = text->data;
	return 0;
}

int sbk_entry_optional(struct sbk_entry_reader *r, const json_t *object,
		       const char *key, const char **out)
{
	const json_t *value = json_object_get(object, key);
	char hex_key[32];

	*out = NULL;
	if (value != NULL) {
		*out = json_string_value(value);
		return *out != NULL ? 0 : sbk_entry_wrong(r, key);
	}
	(void)snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
	value = json_object_get(object, hex_key);
	if (value == NULL)
		return 0;
	if (!json_is_string(value) ||
	    r->text_count == sizeof(r->texts) / sizeof(r->texts[0]))
		return sbk_entry_wrong(r, hex_key);
	return decode_hex(r, hex_key, json_string_value(value), out);
}

int sbk_entry_text(struct sbk_entry_reader *r, const char *key,
		   const char **out)
{
	int rc = sbk_entry_optional(r, r->json, key, out);

	return rc == 0 && *out == NULL ? sbk_entry_wrong(r, key) : rc;
}

int sbk_entry_state(struct sbk_entry_reader *r, const char *key, bool *absent,
		    unsigned char hash[SBK_STATE_HASH_BYTES])
{
	const json_t *value = json_object_get(r->json, key);

	*absent = json_is_null(value);
	if (*absent)
		return 0;
	if (!json_is_string(value) ||
	    !sbk_hex_decode(json_string_value(value), hash,
			    SBK_STATE_HASH_BYTES))
		return sbk_entry_wrong(r, key);
	return 0;
}

int sbk_entry_range(struct sbk_entry_reader *r, const json_t *range,
		    uint64_t *first, uint64_t *last)
{
	const json_t *a = json_array_get(range, 0);
	const json_t *b = json_array_get(range, 1);

	if (!json_is_integer(a) || !json_is_integer(b) ||
	    json_integer_value(a) < 1 ||
	    json_integer_value(b) < json_integer_value(a))
		return sbk_entry_wrong(r, "range");
	*first = (uint64_t)json_integer_value(a);
	*last = (uint64_t)json_integer_value(b);
	return 0;
}

/* --- intend ------------------------------------------------------------- */

static int read_object(struct sbk_entry_reader *r, struct sbk_intend *out)
{
	int rc;

	if (out->undoes != 0 && !sbk_entry_has(r, "kind"))
		return 0;
	rc = sbk_entry_text(r, "kind", &out->kind);
	if (rc == 0)
		rc = sbk_entry_text(r, "name", &out->name);
	if (rc == 0)
		rc = sbk_entry_optional(r, r->json, "identity", &out->identity);
	return rc;
}

static int read_states(struct sbk_entry_reader *r, struct sbk_intend *out)
{
	int rc;

	out->has_states = out->undoes == 0 || sbk_entry_has(r, "before");
	if (!out->has_states)
		return 0;
	rc = sbk_entry_state(r, "before", &out->before_absent, out->before);
	if (rc == 0)
		rc = sbk_entry_state(r, "after", &out->after_absent,
				     out->after);
	return rc;
}

int sbk_entry_read_intend(struct sbk_entry_reader *r, struct sbk_intend *out)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = sbk_entry_number(r, "change", &out->change);
	if (rc == 0)
		rc = sbk_entry_number(r, "txn", &out->txn);
	if (rc == 0 && sbk_entry_has(r, "undoes"))
		rc = sbk_entry_number(r, "undoes", &out->undoes);
	if (rc == 0)
		rc = read_object(r, out);
	if (rc == 0)
		rc = read_states(r, out);
	if (rc == 0)
		rc = sbk_entry_optional(r, r->json, "ours", &out->ours);
	if (rc == 0)
		rc = sbk_entry_optional(r, r->json, "reason", &out->reason);
	return rc;
}
