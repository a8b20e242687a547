/*
 * Fuzz target: a hive. Whatever it holds, everything is asked for, down to a
 * few levels; it ends, names are whole, and the work is bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/ntfs/hive.h"

#include "engine/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LEVELS_MAX 5
#define VISITS_MAX 2000 /* more say nothing new, and take long */

struct bytes {
	const uint8_t *data;
	size_t size;
};

struct asking {
	struct sbk_hive *hive;
	unsigned level, visits;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int read_bytes(void *arg, uint64_t offset, void *buffer, size_t size,
		      struct sbk_error *err)
{
	const struct bytes *bytes = arg;

	(void)err;
	must(offset <= bytes->size && size <= bytes->size - offset);
	memcpy(buffer, bytes->data + offset, size);
	return 0;
}

static int ask_value(void *arg, const struct sbk_hive_value *value,
		     struct sbk_error *err)
{
	struct asking *asking = arg;
	struct sbk_buf out = SBK_BUF_INIT;
	uint32_t number;

	(void)err;
	must(strlen(value->name) < sizeof(value->name));
	if (sbk_hive_value_read(asking->hive, value, &out, NULL) == 0)
		must(out.size == value->size);
	sbk_buf_clear(&out);
	(void)sbk_hive_value_text(asking->hive, value, &out, NULL);
	(void)sbk_hive_value_number(asking->hive, value, &number, NULL);
	sbk_buf_release(&out);
	return ++asking->visits > VISITS_MAX;
}

static int ask_key(void *arg, const struct sbk_hive_key *key,
		   struct sbk_error *err)
{
	struct asking *asking = arg;
	int rc;

	must(strlen(key->name) < sizeof(key->name));
	if (++asking->visits > VISITS_MAX)
		return 1;
	rc = sbk_hive_each_value(asking->hive, key, ask_value, asking, err);
	if (rc == 0 && asking->level < LEVELS_MAX) {
		asking->level++;
		rc = sbk_hive_each_key(asking->hive, key, ask_key, asking, err);
		asking->level--;
	}
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {data, size};
	const struct sbk_ntfs_device device = {
		.read = read_bytes, .arg = &bytes, .size = size};
	struct sbk_hive hive;
	struct asking asking = {.hive = &hive};
	struct sbk_hive_key key;
	struct sbk_hive_value value;

	if (sbk_hive_open(&device, &hive, NULL) < 0)
		return 0;
	if (sbk_hive_find(&hive, NULL, "", &key, NULL) == 0)
		(void)ask_key(&asking, &key, NULL);
	if (sbk_hive_find(&hive, NULL, "SAM\\Domains", &key, NULL) == 0)
		(void)sbk_hive_value_find(&hive, &key, "V", &value, NULL);
	must(hive.work <= SBK_HIVE_WORK_MAX);
	return 0;
}
