/*
 * See the header. Owns that nothing but entries of those SIDs is taken out of a
 * list that is not ours: it is the user's own session's, and lives as long.
 */
#include "engine/windows/station.h"

#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sd_strip.h"
#include "engine/ntsec/sddl.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_process.h"
#include "engine/windows/win32_station.h"
#include "engine/windows/win32_token.h"

#include "engine/banned.h"

#define SIDS_MAX 4

/* --- the runner's --------------------------------------------------------- */

/* What holds this SID is of this logon: the runner, and what it starts. */
static int describe(struct sbk_buf *out, struct sbk_error *err)
{
	struct sbk_buf text = SBK_BUF_INIT;
	struct sbk_token_base base;
	struct sbk_sid_text logon;
	HANDLE token = NULL;
	int rc = sbk_win32_open_token(sbk_win32->program->GetCurrentProcess(),
				      TOKEN_QUERY, &token, err);

	if (rc == 0)
		rc = sbk_win32_token_base(token, &base, err);
	sbk_win32_close(&token);
	if (rc < 0)
		return rc;
	sbk_buf_printf(&text, "D:P(A;;GA;;;SY)(A;;GA;;;%s)",
		       sbk_sid_format(&base.logon, &logon));
	rc = sbk_buf_failed(&text, err);
	if (rc == 0)
		rc = sbk_sddl_parse(sbk_buf_text(&text), text.size, NULL, out,
				    err);
	sbk_buf_release(&text);
	return rc;
}

/* The process is in the one that was made, and no screen shows that. */
static int check(const struct sbk_station *station, struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT, own = SBK_BUF_INIT;
	HWINSTA now = NULL;
	bool visible = true;
	int rc = sbk_win32_station_visible(station->station, &visible, err);

	if (rc == 0)
		rc = sbk_win32_station_name(station->station, &name, err);
	if (rc == 0)
		rc = sbk_win32_own_station(&now, err);
	if (rc == 0)
		rc = sbk_win32_station_name(now, &own, err);
	if (rc == 0 && (visible || name.size == 0 || name.size != own.size ||
			memcmp(name.data, own.data, name.size) != 0))
		rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
				   "the window station that was made is a "
				   "screen's, or not the one of this process");
	sbk_buf_release(&name);
	sbk_buf_release(&own);
	return rc;
}

int sbk_station_move(bool shared, struct sbk_station *out,
		     struct sbk_error *err)
{
	struct sbk_station station = SBK_STATION_INIT;
	struct sbk_buf guard = SBK_BUF_INIT;
	int rc = describe(&guard, err);

	if (rc == 0)
		rc = sbk_win32_make_station(&guard, !shared, &station.station,
					    err);
	if (rc == 0)
		rc = sbk_win32_enter_station(station.station, err);
	if (rc == 0)
		rc = sbk_win32_make_desktop(L"sandbook-runner", &guard,
					    &station.desktop, err);
	if (rc == 0)
		rc = sbk_win32_enter_desktop(station.desktop, err);
	if (rc == 0)
		rc = check(&station, err);
	if (rc == 0)
		*out = station;
	else
		sbk_station_end(&station);
	sbk_buf_release(&guard);
	return rc;
}

void sbk_station_end(struct sbk_station *station)
{
	sbk_win32_close_desktop(&station->desktop);
	sbk_win32_close_station(&station->station);
}

/* --- the user's ----------------------------------------------------------- */

static int by_sid(const void *a, const void *b)
{
	return sbk_sid_compare(a, b);
}

static int look(HANDLE object, struct sbk_buf *bytes,
		const struct sbk_sd_strip *strip, struct sbk_sd *sd,
		size_t *named, struct sbk_error *err)
{
	struct sbk_sd_named how;
	int rc;

	sbk_buf_clear(bytes);
	rc = sbk_win32_query_security(object, bytes, err);
	if (rc == 0)
		rc = sbk_sd_read((const uint8_t *)bytes->data, bytes->size, sd,
				 err);
	if (rc < 0)
		return rc;
	sbk_sd_strip_look(sd, strip, &how);
	*named = how.entries + how.mentioned;
	return 0;
}

static int shut_one(HANDLE object, const char *what,
		    const struct sbk_sd_strip *strip, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT, next = SBK_BUF_INIT;
	struct sbk_sd sd;
	size_t named = 0;
	int rc = look(object, &bytes, strip, &sd, &named, err);

	if (rc == 0 && named > 0) {
		rc = sbk_sd_strip_write(&sd, strip, &next, err);
		if (rc == 0)
			rc = sbk_win32_set_security(
				object, DACL_SECURITY_INFORMATION, &next, err);
		if (rc == 0)
			rc = look(object, &bytes, strip, &sd, &named, err);
		if (rc == 0 && named > 0)
			rc = sbk_error_set(err, SBK_E_UNSUPPORTED,
					   "its access list was set and still "
					   "lets the account in");
	}
	if (rc < 0)
		(void)sbk_error_prefix(err, "the user's own %s", what);
	sbk_buf_release(&bytes);
	sbk_buf_release(&next);
	return rc;
}

int sbk_station_shut(const struct sbk_sid *sids, size_t count,
		     struct sbk_error *err)
{
	struct sbk_sid sorted[SIDS_MAX];
	const struct sbk_sd_strip strip = {.sids = sorted, .count = count};
	HWINSTA station = NULL;
	HDESK desktop = NULL;
	int rc;

	if (count > SIDS_MAX)
		return sbk_error_set(err, SBK_E_LIMIT, "more than %d SIDs",
				     SIDS_MAX);
	memcpy(sorted, sids, count * sizeof(*sids));
	qsort(sorted, count, sizeof(*sorted), by_sid);
	rc = sbk_win32_open_own_station(&station, err);
	if (rc == 0)
		rc = shut_one(station, "window station", &strip, err);
	if (rc == 0)
		rc = sbk_win32_open_own_desktop(&desktop, err);
	if (rc == 0)
		rc = shut_one(desktop, "desktop", &strip, err);
	sbk_win32_close_desktop(&desktop);
	sbk_win32_close_station(&station);
	return rc;
}
