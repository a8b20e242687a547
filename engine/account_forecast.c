/*
 * Prints what is foreseen of the account. Knows no system.
 */
#include "engine/account_forecast.h"

#include <stdlib.h>
#include <string.h>

#include "engine/json.h"
#include "engine/os.h"

#include "engine/banned.h"

void sbk_account_forecast_release(struct sbk_account_forecast *forecast)
{
	sbk_arena_release(&forecast->arena);
	free(forecast->items);
	*forecast = (struct sbk_account_forecast){.items = NULL};
}

const char *
sbk_account_forecast_outside(const struct sbk_account_forecast *forecast)
{
	return forecast->account != 0 && forecast->outside[0] != '\0'
		       ? forecast->name
		       : NULL;
}

/* --- for people ------------------------------------------------------- */

/* What stands between a run of the person's own and the accounts. */
static void print_kept(const struct sbk_account_forecast *forecast,
		       struct sbk_buf *out)
{
	if (forecast->kept[0] == '\0') {
		if (forecast->withholds)
			sbk_buf_adds(out, "  no password is kept, so none is "
					  "withheld\n");
		return;
	}
	sbk_buf_adds(out, "  ");
	sbk_text_escape(out, forecast->kept);
	sbk_buf_adds(out,
		     forecast->withholds
			     ? ": each gets a password that nobody has, and "
			       "what is kept of the old one is removed; this "
			       "cannot be undone, and a run under the account "
			       "then needs 'sandbook setup --upgrade'\n"
			     : ": their passwords are kept and the command "
			       "could read them, so the run is refused "
			       "(--withhold-passwords makes them worthless "
			       "first)\n");
}

static void print_none(const struct sbk_account_forecast *forecast,
		       struct sbk_buf *out)
{
	if (forecast->wish == SBK_ACCOUNT_WISH_OFF) {
		sbk_buf_adds(out, "Account: none, as the policy says; the run "
				  "is your own\n");
		print_kept(forecast, out);
		return;
	}
	if (forecast->missing[0] == '\0') {
		sbk_buf_printf(
			out,
			"Account: none; the run is your own ('%ssandbook "
			"setup' gives you one)\n",
			sbk_os_admin.before);
		return;
	}
	sbk_buf_adds(out, "Account: none, since ");
	sbk_text_escape(out, forecast->missing);
	sbk_buf_adds(out, forecast->wish == SBK_ACCOUNT_WISH_REQUIRE
				  ? "; it is required, so the run is refused\n"
				  : "; the run is your own\n");
}

static void print_quoted(const char *path, struct sbk_buf *out)
{
	sbk_buf_addc(out, '\'');
	sbk_text_escape(out, path);
	sbk_buf_addc(out, '\'');
}

static size_t count_of(const struct sbk_account_forecast *forecast,
		       enum sbk_forecast_kind kind, bool writable)
{
	size_t i, count = 0;

	for (i = 0; i < forecast->count; i++)
		count += forecast->items[i].kind == kind &&
			 forecast->items[i].writable == writable;
	return count;
}

static void print_item(const struct sbk_forecast_item *item,
		       struct sbk_buf *out)
{
	sbk_buf_adds(out, "  ");
	print_quoted(item->path, out);
	switch (item->kind) {
	case SBK_FORECAST_MAPPED:
		sbk_buf_adds(out, " is shown to it as its own, and what it "
				  "makes there is yours\n");
		return;
	case SBK_FORECAST_BELOW:
		sbk_buf_adds(out, " is a mount of its own and is only read: "
				  "make it a root, too (--rw), to write "
				  "there\n");
		return;
	case SBK_FORECAST_GROUP:
		sbk_buf_printf(
			out,
			" has %llu %s that it reads and cannot write, of "
			"another group than your first one: ",
			(unsigned long long)item->objects,
			sbk_plural(item->objects, "object", "objects"));
		break;
	case SBK_FORECAST_UNSEEN:
		sbk_buf_printf(
			out, " has %llu %s that could not be looked into: ",
			(unsigned long long)item->objects,
			sbk_plural(item->objects, "directory", "directories"));
		break;
	}
	print_quoted(item->example, out);
	sbk_buf_adds(out, item->objects > 1 ? " and more\n" : "\n");
}

void sbk_account_forecast_print(const struct sbk_account_forecast *forecast,
				struct sbk_buf *out)
{
	size_t i, read;

	if (forecast->reserved[0] != '\0') {
		sbk_buf_adds(out, "Reservation on writes: ");
		sbk_text_escape(out, forecast->reserved);
		sbk_buf_addc(out, '\n');
	}
	if (forecast->account == 0) {
		print_none(forecast, out);
		return;
	}
	if (forecast->outside[0] != '\0')
		sbk_buf_printf(out,
			       "Account: '%s' (%s); what every user here may "
			       "read and use it may, and beyond that what it "
			       "was granted\n",
			       forecast->name, forecast->outside);
	else
		sbk_buf_printf(out,
			       "Account: '%s' (uid %u) outside, you inside\n",
			       forecast->name, forecast->account);
	if (forecast->missing[0] != '\0') {
		sbk_buf_adds(out, "  it cannot be given what the run is to "
				  "read and write, so the run is refused "
				  "without --best-effort: ");
		sbk_text_escape(out, forecast->missing);
		sbk_buf_addc(out, '\n');
	}
	for (i = 0; i < forecast->count; i++)
		if (forecast->items[i].kind != SBK_FORECAST_MAPPED ||
		    forecast->items[i].writable)
			print_item(&forecast->items[i], out);
	read = count_of(forecast, SBK_FORECAST_MAPPED, false);
	if (read > 0)
		sbk_buf_printf(
			out, "  %zu %s of yours %s shown as its own to read\n",
			read, sbk_plural(read, "place", "places"),
			sbk_plural(read, "is", "are"));
}

/* --- JSON ------------------------------------------------------------- */

static void print_json_items(const struct sbk_account_forecast *forecast,
			     const char *key, enum sbk_forecast_kind kind,
			     struct sbk_buf *out)
{
	size_t i;

	sbk_json_open_key(out, key, '[');
	for (i = 0; i < forecast->count; i++) {
		const struct sbk_forecast_item *item = &forecast->items[i];

		if (item->kind != kind)
			continue;
		sbk_json_open(out, '{');
		sbk_json_name(out, "path", item->path);
		if (kind == SBK_FORECAST_MAPPED)
			sbk_json_bool(out, "writable", item->writable);
		if (item->example != NULL) {
			sbk_json_integer(out, "objects",
					 (int64_t)item->objects);
			sbk_json_name(out, "example", item->example);
		}
		sbk_json_close(out, '}');
	}
	sbk_json_close(out, ']');
}

void sbk_account_forecast_print_json(
	const struct sbk_account_forecast *forecast, struct sbk_buf *out)
{
	static const char *const wishes[] = {
		[SBK_ACCOUNT_WISH_AUTO] = "auto",
		[SBK_ACCOUNT_WISH_REQUIRE] = "require",
		[SBK_ACCOUNT_WISH_OFF] = "off",
	};

	if (forecast->reserved[0] != '\0')
		sbk_json_string(out, "writes_reserved", forecast->reserved);
	sbk_json_open_key(out, "account", '{');
	sbk_json_string(out, "policy", wishes[forecast->wish]);
	sbk_json_bool(out, "used", forecast->account != 0);
	if (forecast->account != 0) {
		sbk_json_integer(out, "number", forecast->account);
		sbk_json_name(out, "name", forecast->name);
		if (forecast->outside[0] != '\0')
			sbk_json_string(out, "id", forecast->outside);
		print_json_items(forecast, "mapped", SBK_FORECAST_MAPPED, out);
		print_json_items(forecast, "read_only_mounts",
				 SBK_FORECAST_BELOW, out);
		print_json_items(forecast, "other_groups", SBK_FORECAST_GROUP,
				 out);
		print_json_items(forecast, "not_examined", SBK_FORECAST_UNSEEN,
				 out);
	}
	if (forecast->missing[0] != '\0')
		sbk_json_string(out, "missing", forecast->missing);
	if (forecast->kept[0] != '\0') {
		sbk_json_string(out, "kept_passwords", forecast->kept);
		sbk_json_bool(out, "withholds", forecast->withholds);
	}
	sbk_json_close(out, '}');
}
