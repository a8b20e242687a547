/*
 * The environment block. Owns its form and the advice of unelevated runs, which
 * is set over what the caller has: a proxy of the user's would reach the
 * network. Advice is no boundary, and nothing here says that it is.
 */
#include "engine/windows/environment.h"

#include <stdlib.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/ntsec/utf.h"

#include "engine/banned.h"

/* Port 9 discards; nothing listens there on Windows. */
#define DEAD "http://127.0.0.1:9"

/*
 * What each tool's own documentation has for it. Bundler, Gradle, NuGet and
 * Poetry have a word of the command line, or nothing: the proxies are left.
 * GIT_SSH and GIT_SSH_COMMAND may stay the caller's: git refuses the protocol
 * before it asks for a program.
 */
static const char *const offline[] = {
	"ALL_PROXY=" DEAD,
	"CARGO_NET_OFFLINE=true",     /* Cargo Book, net.offline */
	"COMPOSER_DISABLE_NETWORK=1", /* Composer, Command-line interface */
	"CONDA_OFFLINE=true",	      /* conda, Settings, offline */
	"COREPACK_ENABLE_NETWORK=0",  /* Corepack, Environment Variables */
	"GIT_ALLOW_PROTOCOL=file",    /* git(1) */
	"GOPROXY=off",		      /* Go Modules Reference */
	"GOTOOLCHAIN=local",	      /* Go Toolchains */
	"GOVCS=*:off",		      /* go help vcs; of GOPRIVATE, too */
	"HF_HUB_OFFLINE=1",	      /* huggingface_hub */
	"HTTPS_PROXY=" DEAD,
	"HTTP_PROXY=" DEAD,
	"JULIA_PKG_OFFLINE=true", /* Julia, Environment Variables */
	"MAVEN_ARGS=--offline",	  /* Maven 3.9, Configuring */
	"NO_PROXY=",
	"NPM_CONFIG_OFFLINE=true", /* npm, config; pnpm reads it */
	"PIP_NO_INDEX=1",	   /* pip, Configuration */
	"SANDBOOK_NETWORK=advised-off",
	"UV_OFFLINE=1",		     /* uv, Environment variables */
	"YARN_ENABLE_NETWORK=false", /* Yarn, yarnrc, enableNetwork */
	NULL,
};

struct variable {
	const char *text; /* "NAME=value" */
	size_t name;	  /* bytes of NAME */
};

struct list {
	struct variable *items;
	size_t count, room;
	struct sbk_arena arena;
};

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int compare(const void *left, const void *right)
{
	const struct variable *a = left, *b = right;
	size_t i, least = a->name < b->name ? a->name : b->name;

	for (i = 0; i < least; i++) {
		const int difference = upper(a->text[i]) - upper(b->text[i]);

		if (difference != 0)
			return difference;
	}
	return a->name < b->name ? -1 : a->name > b->name;
}

static struct variable *find(const struct list *list,
			     const struct variable *one)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (compare(&list->items[i], one) == 0)
			return &list->items[i];
	return NULL;
}

static bool is_name(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (text[i] < 0x21 || text[i] > 0x7e)
			return false;
	return size > 0;
}

/* `over`: in place of one of the same name; else there may be none. */
static int put(struct list *list, const char *text, bool over,
	       struct sbk_error *err)
{
	const char *equals = strchr(text, '=');
	struct variable one = {.text = text,
			       .name = equals != NULL ? (size_t)(equals - text)
						      : 0};
	struct variable *same;

	if (!is_name(text, one.name))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.100s' is no variable: its name must "
				     "be of ASCII characters; take it out "
				     "with --unset-env",
				     text);
	same = find(list, &one);
	if (same != NULL && !over)
		return sbk_error_set(err, SBK_E_INVAL,
				     "the variable '%.*s' is there twice: "
				     "case does not tell names apart",
				     (int)one.name, text);
	if (same != NULL)
		*same = one;
	else if (list->count == list->room)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "more than %zu variables", list->room);
	else
		list->items[list->count++] = one;
	return 0;
}

/* NAME=value, made here. */
static int put_value(struct list *list, const char *name, const char *value,
		     bool over, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	char *copy;
	int rc;

	sbk_buf_printf(&text, "%s=%s", name, value);
	copy = text.failure == 0
		       ? sbk_arena_strdup(&list->arena, sbk_buf_text(&text))
		       : NULL;
	rc = copy != NULL ? put(list, copy, over, err)
			  : sbk_error_no_memory(err);
	sbk_buf_release(&text);
	return rc;
}

static int gather(const struct sbk_environment_wish *wish, struct list *list,
		  struct sbk_error *err)
{
	static const struct variable root = {"SystemRoot=", 10};
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && wish->variables[i] != NULL; i++)
		rc = put(list, wish->variables[i], false, err);
	for (i = 0; rc == 0 && wish->advise_offline && offline[i] != NULL; i++)
		rc = put(list, offline[i], true, err);
	if (rc == 0 && wish->system_root != NULL && find(list, &root) == NULL)
		rc = put_value(list, "SystemRoot", wish->system_root, true,
			       err);
	if (rc == 0 && wish->temporary != NULL)
		rc = put_value(list, "TEMP", wish->temporary, true, err);
	if (rc == 0 && wish->temporary != NULL)
		rc = put_value(list, "TMP", wish->temporary, true, err);
	return rc;
}

static int write_one(const struct variable *variable, struct sbk_buf *out,
		     struct sbk_error *err)
{
	const size_t before = out->size;
	const char *at = variable->text;
	size_t left = strlen(at);

	while (left > 0) {
		uint32_t character;
		const size_t used = sbk_utf8_next(at, left, &character);

		if (used == 0)
			return sbk_error_set(err, SBK_E_INVAL,
					     "the variable '%.*s' is not UTF-8",
					     (int)variable->name,
					     variable->text);
		sbk_utf16_add(out, character);
		at += used;
		left -= used;
	}
	if ((out->size - before) / 2 - variable->name - 1 >
	    SBK_ENVIRONMENT_VALUE_MAX)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the variable '%.*s' is too long",
				     (int)variable->name, variable->text);
	sbk_buf_add(out, "\0", 2);
	return 0;
}

int sbk_environment_block(const struct sbk_environment_wish *wish,
			  struct sbk_buf *out, struct sbk_error *err)
{
	struct list list = {.room = SBK_POLICY_ENV_MAX + 16,
			    .arena = SBK_ARENA_INIT};
	int rc;
	size_t i;

	list.items = calloc(list.room, sizeof(*list.items));
	rc = list.items != NULL ? gather(wish, &list, err)
				: sbk_error_no_memory(err);
	if (rc == 0)
		qsort(list.items, list.count, sizeof(*list.items), compare);
	for (i = 0; rc == 0 && i < list.count; i++)
		rc = write_one(&list.items[i], out, err);
	/* An empty one ends it; one without any variable is two ends. */
	if (rc == 0) {
		sbk_buf_add(out, "\0\0\0", list.count == 0 ? 4 : 2);
		rc = sbk_buf_failed(out, err);
	}
	free(list.items);
	sbk_arena_release(&list.arena);
	return rc;
}
