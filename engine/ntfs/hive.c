/*
 * Hives: the base block, and keys and values in cells (hive_cell.c). Owns what
 * of a hive is believed: a cell begins with the letters of what it should be,
 * holds whatever it claims to hold, and a list has as many as its key says.
 * Bins' headers are not looked at: nothing hangs on them.
 */
#include "engine/ntfs/hive_cell.h"

#include <string.h>

#include "engine/ntfs/object.h"

#include "engine/banned.h"

#define CHECKED_BYTES 508   /* of the base block, before their sum */
#define NONE UINT32_MAX	    /* where a list or a cell is not */
#define KEY_BYTES 76	    /* before its name */
#define VALUE_BYTES 20	    /* before its name */
#define SEGMENT_BYTES 16344 /* of big data in one cell, but for the last */
#define BIG_DATA_MINOR 4    /* first version with cells of big data */
#define INLINE 0x80000000u  /* of a size: the data stand for their place */
#define HEAD_BYTES (4 + KEY_BYTES + 2 * SBK_HIVE_NAME_UNITS_MAX)

enum key_flags { KEY_COMPACT_NAME = 0x20 };
enum value_flags { VALUE_COMPACT_NAME = 1 };

static bool begins_with(struct sbk_view *view, const char *letters)
{
	return view->size >= 2 && memcmp(view->data, letters, 2) == 0;
}

/* --- names ------------------------------------------------------------ */

/* A NUL takes three bytes, as any unit may. */
static size_t put_nul(char *out)
{
	memcpy(out, "\xEF\xBF\xBD", 3);
	return 3;
}

static void read_latin(struct sbk_view bytes, char *out)
{
	size_t i, n = 0;

	for (i = 0; i < bytes.size; i++) {
		uint8_t c = bytes.data[i];

		if (c == 0) {
			n += put_nul(out + n);
		} else if (c < 0x80) {
			out[n++] = (char)c;
		} else {
			out[n++] = (char)(0xC0 | c >> 6);
			out[n++] = (char)(0x80 | (c & 0x3F));
		}
	}
	out[n] = '\0';
}

/* Bytes of Latin-1, or units of UTF-16, as UTF-8 in `out`; `size` is what the
 * cell at `at` says of them. */
static int read_name(struct sbk_hive *hive, uint32_t at, struct sbk_view bytes,
		     uint32_t size, bool is_compact, char *out,
		     struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	size_t i, n = 0;
	int rc;

	if (size > SBK_HIVE_NAME_UNITS_MAX * (is_compact ? 1 : 2))
		return sbk_hive_blame(hive, at, err);
	if (is_compact) {
		read_latin(bytes, out);
		return 0;
	}
	sbk_ntfs_text_add(&text, bytes);
	rc = sbk_buf_failed(&text, err);
	for (i = 0; rc == 0 && i < text.size; i++)
		if (text.data[i] != '\0')
			out[n++] = text.data[i];
		else
			n += put_nul(out + n);
	out[n] = '\0';
	sbk_buf_release(&text);
	return rc;
}

static char lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_name(const char *name, const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (name[i] == '\0' || lower(name[i]) != lower(text[i]))
			return false;
	return name[size] == '\0';
}

/* --- keys and values -------------------------------------------------- */

static int read_key(struct sbk_hive *hive, uint32_t at,
		    struct sbk_hive_key *out, struct sbk_error *err)
{
	uint8_t bytes[HEAD_BYTES];
	struct sbk_view cell, name;
	uint32_t content, size;
	bool is_compact;
	int rc = sbk_hive_cell_head(hive, at, bytes, sizeof(bytes), &cell,
				    &content, err);

	if (rc < 0)
		return rc;
	is_compact = (sbk_view_u16(&cell, 2) & KEY_COMPACT_NAME) != 0;
	out->key_count = sbk_view_u32(&cell, 20);
	out->keys = sbk_view_u32(&cell, 28);
	out->value_count = sbk_view_u32(&cell, 36);
	out->values = sbk_view_u32(&cell, 40);
	size = sbk_view_u16(&cell, 72);
	name = sbk_view_part(&cell, KEY_BYTES, size);
	if (cell.overrun || !begins_with(&cell, "nk"))
		return sbk_hive_blame(hive, at, err);
	return read_name(hive, at, name, size, is_compact, out->name, err);
}

static int read_value(struct sbk_hive *hive, uint32_t at,
		      struct sbk_hive_value *out, struct sbk_error *err)
{
	uint8_t bytes[HEAD_BYTES];
	struct sbk_view cell, name;
	uint32_t content, size;
	bool is_compact;
	int rc = sbk_hive_cell_head(hive, at, bytes, sizeof(bytes), &cell,
				    &content, err);

	if (rc < 0)
		return rc;
	size = sbk_view_u16(&cell, 2);
	out->size = sbk_view_u32(&cell, 4);
	out->at = sbk_view_u32(&cell, 8);
	out->type = sbk_view_u32(&cell, 12);
	is_compact = (sbk_view_u16(&cell, 16) & VALUE_COMPACT_NAME) != 0;
	name = sbk_view_part(&cell, VALUE_BYTES, size);
	out->is_inline = (out->size & INLINE) != 0;
	out->size &= ~INLINE;
	if (cell.overrun || !begins_with(&cell, "vk") ||
	    (out->is_inline && out->size > 4))
		return sbk_hive_blame(hive, at, err);
	return read_name(hive, at, name, size, is_compact, out->name, err);
}

/* Keys while they are visited, and how many their lists had. */
struct walk {
	struct sbk_hive *hive;
	sbk_hive_key_fn *visit;
	void *arg;
	uint32_t listed;
};

/* Keys of one list that has no lists in it; `width`: from one to the next. */
static int each_of_leaf(struct walk *walk, struct sbk_view *list,
			uint32_t width, struct sbk_error *err)
{
	uint32_t count = sbk_view_u16(list, 2), i, at;
	struct sbk_hive *hive = walk->hive;
	struct sbk_hive_key key;
	int rc = 0;

	walk->listed += count;
	for (i = 0; rc == 0 && !hive->is_exhausted && i < count; i++) {
		at = sbk_view_u32(list, 4 + (uint64_t)i * width);
		rc = list->overrun ? sbk_hive_blame(hive, 0, NULL)
				   : read_key(hive, at, &key, NULL);
		if (rc == SBK_E_NOMEM)
			return sbk_error_no_memory(err);
		if (list->overrun)
			return 0; /* counted */
		rc = rc < 0 ? 0 : walk->visit(walk->arg, &key, err);
	}
	return rc;
}

/* Bytes from one element of a list to the next; 0: not such a list. */
static uint32_t leaf_width(struct sbk_view *list)
{
	if (begins_with(list, "lf") || begins_with(list, "lh"))
		return 8;
	return begins_with(list, "li") ? 4 : 0;
}

#define LIST_BYTES_MAX (4 + 65535u * 8)

/* A list that another one names; damage is counted. */
static int each_of_part(struct walk *walk, uint32_t at, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_view list;
	uint32_t width;
	int rc =
		sbk_hive_cell_all(walk->hive, at, LIST_BYTES_MAX, &bytes, NULL);

	list = sbk_view_of(bytes.data, bytes.size);
	width = leaf_width(&list);
	if (rc == SBK_E_NOMEM)
		rc = sbk_error_no_memory(err);
	else if (rc == 0 && width != 0)
		rc = each_of_leaf(walk, &list, width, err);
	else if (rc == 0)
		(void)sbk_hive_blame(walk->hive, at, NULL);
	else
		rc = 0;
	sbk_buf_release(&bytes);
	return rc;
}

/* The lists that a list of them names, or the one that it is itself. */
static int each_of_list(struct walk *walk, uint32_t at, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_view list;
	uint32_t count, i;
	int rc =
		sbk_hive_cell_all(walk->hive, at, LIST_BYTES_MAX, &bytes, NULL);

	list = sbk_view_of(bytes.data, bytes.size);
	if (rc == 0 && begins_with(&list, "ri")) {
		count = sbk_view_u16(&list, 2);
		for (i = 0; rc == 0 && !walk->hive->is_exhausted && i < count;
		     i++) {
			uint32_t part = sbk_view_u32(&list, 4 + i * 4ull);

			if (list.overrun) {
				(void)sbk_hive_blame(walk->hive, at, NULL);
				break;
			}
			rc = each_of_part(walk, part, err);
		}
	} else if (rc == 0) {
		rc = each_of_part(walk, at, err);
	} else {
		rc = rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
	}
	sbk_buf_release(&bytes);
	return rc;
}

int sbk_hive_each_key(struct sbk_hive *hive, const struct sbk_hive_key *key,
		      sbk_hive_key_fn *visit, void *arg, struct sbk_error *err)
{
	struct walk walk = {.hive = hive, .visit = visit, .arg = arg};
	const uint32_t damage = hive->damage;
	int rc;

	/* Where there are none, the place of the list means nothing. */
	if (key->key_count == 0)
		return 0;
	if (key->keys == NONE) {
		(void)sbk_hive_blame(hive, 0, NULL);
		return 0;
	}
	rc = each_of_list(&walk, key->keys, err);
	/* A list that was visited to its end and was whole, but not all. */
	if (rc == 0 && hive->damage == damage && !hive->is_exhausted &&
	    walk.listed != key->key_count)
		(void)sbk_hive_blame(hive, key->keys, NULL);
	return rc;
}

int sbk_hive_each_value(struct sbk_hive *hive, const struct sbk_hive_key *key,
			sbk_hive_value_fn *visit, void *arg,
			struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_hive_value value;
	struct sbk_view list;
	uint32_t i;
	int rc = 0;

	if (key->value_count == 0)
		return 0;
	if (key->values == NONE || key->value_count > hive->bytes / 4)
		(void)sbk_hive_blame(hive, key->values, NULL);
	else
		rc = sbk_hive_cell_read(hive, key->values, key->value_count * 4,
					&bytes, NULL);
	list = sbk_view_of(bytes.data, rc < 0 ? 0 : bytes.size);
	if (rc < 0)
		rc = rc == SBK_E_NOMEM ? sbk_error_no_memory(err) : 0;
	for (i = 0; rc == 0 && !hive->is_exhausted && i < list.size / 4; i++) {
		rc = read_value(hive, sbk_view_u32(&list, i * 4ull), &value,
				NULL);
		if (rc == SBK_E_NOMEM)
			rc = sbk_error_no_memory(err);
		else
			rc = rc < 0 ? 0 : visit(arg, &value, err);
	}
	sbk_buf_release(&bytes);
	return rc;
}

/* --- finding ---------------------------------------------------------- */

struct finding {
	const char *name;
	size_t size;
	struct sbk_hive_key *key;
	struct sbk_hive_value *value;
};

#define FOUND 1

static int is_wanted_key(void *arg, const struct sbk_hive_key *key,
			 struct sbk_error *err)
{
	struct finding *finding = arg;

	(void)err;
	if (!is_name(key->name, finding->name, finding->size))
		return 0;
	*finding->key = *key;
	return FOUND;
}

static int is_wanted_value(void *arg, const struct sbk_hive_value *value,
			   struct sbk_error *err)
{
	struct finding *finding = arg;

	(void)err;
	if (!is_name(value->name, finding->name, finding->size))
		return 0;
	*finding->value = *value;
	return FOUND;
}

int sbk_hive_find(struct sbk_hive *hive, const struct sbk_hive_key *above,
		  const char *path, struct sbk_hive_key *out,
		  struct sbk_error *err)
{
	struct sbk_hive_key key;
	struct finding finding = {.key = &key};
	int rc = 0;

	if (above != NULL)
		key = *above;
	else
		rc = read_key(hive, hive->root, &key, err);
	while (rc == 0 && *path != '\0') {
		finding.name = path;
		finding.size = strcspn(path, "\\");
		rc = sbk_hive_each_key(hive, &key, is_wanted_key, &finding,
				       err);
		if (rc == 0)
			return sbk_error_set(err, SBK_E_NOTFOUND,
					     "there is no key '%s'", path);
		path += finding.size + (path[finding.size] == '\\');
		rc = rc == FOUND ? 0 : rc;
	}
	if (rc == 0)
		*out = key;
	return rc;
}

int sbk_hive_value_find(struct sbk_hive *hive, const struct sbk_hive_key *key,
			const char *name, struct sbk_hive_value *out,
			struct sbk_error *err)
{
	struct finding finding = {
		.name = name, .size = strlen(name), .value = out};
	int rc = sbk_hive_each_value(hive, key, is_wanted_value, &finding, err);

	if (rc == 0)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "there is no value '%s'", name);
	return rc == FOUND ? 0 : rc;
}

/* --- data ------------------------------------------------------------- */

/* Data in several cells: a record, a list, and what the list names. */
static int read_big(struct sbk_hive *hive, const struct sbk_hive_value *value,
		    struct sbk_buf *out, struct sbk_error *err)
{
	uint32_t count, content, left = value->size, part, i;
	uint8_t bytes[4 + 8];
	struct sbk_buf places = SBK_BUF_INIT;
	struct sbk_view cell, list;
	int rc = sbk_hive_cell_head(hive, value->at, bytes, sizeof(bytes),
				    &cell, &content, err);

	if (rc < 0)
		return rc;
	count = sbk_view_u16(&cell, 2);
	if (!begins_with(&cell, "db") ||
	    (uint64_t)count * SEGMENT_BYTES < value->size)
		return sbk_hive_blame(hive, value->at, err);
	rc = sbk_hive_cell_read(hive, sbk_view_u32(&cell, 4), count * 4,
				&places, err);
	list = sbk_view_of(places.data, places.size);
	for (i = 0; rc == 0 && left > 0; i++, left -= part) {
		part = left < SEGMENT_BYTES ? left : SEGMENT_BYTES;
		rc = sbk_hive_cell_read(hive, sbk_view_u32(&list, i * 4ull),
					part, out, err);
	}
	sbk_buf_release(&places);
	return rc;
}

int sbk_hive_value_read(struct sbk_hive *hive,
			const struct sbk_hive_value *value, struct sbk_buf *out,
			struct sbk_error *err)
{
	uint32_t i;

	if (value->size > SBK_HIVE_VALUE_BYTES_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the value '%s' is longer than %u bytes",
				     value->name, SBK_HIVE_VALUE_BYTES_MAX);
	if (value->is_inline) {
		for (i = 0; i < value->size; i++)
			sbk_buf_addc(out, (char)(value->at >> 8 * i & 0xFF));
		return sbk_buf_failed(out, err);
	}
	if (value->size == 0)
		return 0;
	if (value->size > SEGMENT_BYTES && hive->minor >= BIG_DATA_MINOR)
		return read_big(hive, value, out, err);
	return sbk_hive_cell_read(hive, value->at, value->size, out, err);
}

int sbk_hive_value_text(struct sbk_hive *hive,
			const struct sbk_hive_value *value, struct sbk_buf *out,
			struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_view view;
	size_t n = 0;
	int rc = sbk_hive_value_read(hive, value, &bytes, err);

	view = sbk_view_of(bytes.data, bytes.size);
	if (rc == 0) {
		while (n + 2 <= view.size && sbk_view_u16(&view, n) != 0)
			n += 2;
		view.size = n;
		sbk_ntfs_text_add(out, view);
		rc = sbk_buf_failed(out, err);
	}
	sbk_buf_release(&bytes);
	return rc;
}

int sbk_hive_value_number(struct sbk_hive *hive,
			  const struct sbk_hive_value *value, uint32_t *out,
			  struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_view view;
	int rc;

	if (value->size != 4)
		return sbk_error_set(err, SBK_E_PARSE,
				     "the value '%s' is no number",
				     value->name);
	rc = sbk_hive_value_read(hive, value, &bytes, err);
	view = sbk_view_of(bytes.data, bytes.size);
	if (rc == 0)
		*out = sbk_view_u32(&view, 0);
	sbk_buf_release(&bytes);
	return rc;
}

/* --- opening ---------------------------------------------------------- */

/* The base block is what was written last: its sum stands behind it. */
static bool has_sum(struct sbk_view *base)
{
	uint32_t sum = 0, i;

	for (i = 0; i < CHECKED_BYTES; i += 4)
		sum ^= sbk_view_u32(base, i);
	if (sum == 0)
		sum = 1;
	if (sum == UINT32_MAX)
		sum--;
	return sbk_view_u32(base, CHECKED_BYTES) == sum;
}

int sbk_hive_open(const struct sbk_ntfs_device *device, struct sbk_hive *out,
		  struct sbk_error *err)
{
	uint8_t bytes[CHECKED_BYTES + 4] = {0};
	struct sbk_hive hive = {.device = *device};
	struct sbk_view base = sbk_view_of(bytes, sizeof(bytes));
	int rc;

	if (device->size < SBK_HIVE_BASE_BYTES)
		return sbk_error_set(err, SBK_E_PARSE,
				     "it is shorter than a hive");
	rc = device->read(device->arg, 0, bytes, sizeof(bytes), err);
	if (rc < 0)
		return rc;
	if (memcmp(bytes, "regf", 4) != 0)
		return sbk_error_set(err, SBK_E_PARSE, "it is no hive");
	if (sbk_view_u32(&base, 20) != 1 || sbk_view_u32(&base, 28) != 0 ||
	    sbk_view_u32(&base, 32) != 1)
		return sbk_error_set(err, SBK_E_UNSUPPORTED,
				     "it is a hive of another version, or the "
				     "log of one");
	hive.is_dirty = sbk_view_u32(&base, 4) != sbk_view_u32(&base, 8) ||
			!has_sum(&base);
	hive.minor = sbk_view_u32(&base, 24);
	hive.root = sbk_view_u32(&base, 36);
	hive.bytes = sbk_view_u32(&base, 40);
	if (hive.bytes > device->size - SBK_HIVE_BASE_BYTES) {
		hive.bytes = (uint32_t)(device->size - SBK_HIVE_BASE_BYTES);
		hive.is_cut = true;
	}
	*out = hive;
	return 0;
}
