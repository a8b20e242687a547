/*
 * The words of a run: its guarantees, and what carries them here as JSON.
 * What carries them is found by the system's half.
 */
#include "engine/run.h"

#include <assert.h>
#include <string.h>

#include "engine/json.h"

#include "engine/banned.h"

static const struct {
	const char *name, *meaning;
} guarantees[] = {
#define GUARANTEE_TEXT(name, text, meaning) {text, meaning},
	SBK_GUARANTEE_MAP(GUARANTEE_TEXT)
#undef GUARANTEE_TEXT
};

const char *sbk_guarantee_name(enum sbk_guarantee guarantee)
{
	assert(guarantee < SBK_GUARANTEE_COUNT);
	return guarantees[guarantee].name;
}

const char *sbk_guarantee_meaning(enum sbk_guarantee guarantee)
{
	assert(guarantee < SBK_GUARANTEE_COUNT);
	return guarantees[guarantee].meaning;
}

/* "a, b" as ["a","b"]. */
static void print_names(const char *names, struct sbk_buf *out)
{
	char name[sizeof(((struct sbk_carriers *)NULL)->names[0])];

	sbk_json_open_key(out, "carriers", '[');
	while (names[0] != '\0') {
		const char *comma = strstr(names, ", ");
		size_t size =
			comma != NULL ? (size_t)(comma - names) : strlen(names);

		memcpy(name, names, size);
		name[size] = '\0';
		sbk_json_string(out, NULL, name);
		names += size + (comma != NULL ? 2 : 0);
	}
	sbk_json_close(out, ']');
}

void sbk_carriers_print_json(const struct sbk_carriers *carriers,
			     struct sbk_buf *out)
{
	int i;

	sbk_json_open_key(out, "guarantees", '{');
	for (i = 0; i < SBK_GUARANTEE_COUNT; i++) {
		sbk_json_open_key(out, guarantees[i].name, '{');
		print_names(carriers->names[i], out);
		if (carriers->names[i][0] == '\0')
			sbk_json_string(out, "missing", carriers->missing[i]);
		else if (carriers->reserved[i][0] != '\0')
			sbk_json_string(out, "reserved", carriers->reserved[i]);
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, '}');
	if (carriers->limits_missing[0] != '\0')
		sbk_json_string(out, "limits_missing",
				carriers->limits_missing);
}
