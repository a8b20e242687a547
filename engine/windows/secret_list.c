/*
 * Which secrets there are: by the names in the directory, whatever the journal
 * says of them.
 */
#include <stddef.h>
#include <string.h>

#include "engine/windows/os_storage.h"
#include "engine/windows/secret.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

#define PREFIX "secret-"
/* The system gives whole entries, as many as fit. */
#define LIST_BYTES 4096
#define HEAD offsetof(FILE_FULL_DIR_INFO, FileName)

struct listing {
	sbk_secret_fn *visit;
	void *arg;
	size_t count;
};

static int take_name(struct listing *listing, const WCHAR *units, size_t count,
		     struct sbk_error *err)
{
	struct sbk_buf name = SBK_BUF_INIT;
	const char *account;
	int rc;

	sbk_narrow_add(&name, units, count);
	rc = sbk_buf_failed(&name, err);
	account = sbk_buf_text(&name) + sizeof(PREFIX) - 1;
	/* No account of ours has another name. */
	if (rc == 0 &&
	    strncmp(sbk_buf_text(&name), PREFIX, sizeof(PREFIX) - 1) == 0 &&
	    sbk_nt_name_check(account, false, NULL) == 0) {
		listing->count++;
		if (listing->visit != NULL)
			rc = listing->visit(listing->arg, account, err);
	}
	sbk_buf_release(&name);
	return rc;
}

/* One buffer of entries: never beyond its end. */
static int take_entries(struct listing *listing, const uint8_t *bytes,
			struct sbk_error *err)
{
	FILE_FULL_DIR_INFO entry;
	size_t at = 0;
	int rc = 0;

	do {
		memcpy(&entry, bytes + at, HEAD);
		if (entry.FileNameLength > LIST_BYTES - at - HEAD)
			return sbk_error_set(err, SBK_E_IO,
					     "a directory's list is malformed");
		rc = take_name(listing,
			       (const WCHAR *)(const void *)(bytes + at + HEAD),
			       entry.FileNameLength / sizeof(WCHAR), err);
		at += entry.NextEntryOffset;
	} while (rc == 0 && entry.NextEntryOffset != 0 &&
		 at + HEAD <= LIST_BYTES);
	return rc;
}

int sbk_secret_list(const struct sbk_store *store, sbk_secret_fn *visit,
		    void *arg, size_t *count, struct sbk_error *err)
{
	struct listing listing = {.visit = visit, .arg = arg};
	/* As aligned as the system wants it. */
	LARGE_INTEGER room[LIST_BYTES / sizeof(LARGE_INTEGER)];
	HANDLE directory = NULL;
	bool restart = true;
	/* A handle of its own: Wine lists what one saw the first time. */
	int rc = sbk_win32_open_below(store->pin.handle, L"", 0,
				      FILE_LIST_DIRECTORY, &directory, err);

	while (rc == 0) {
		rc = sbk_win32_list(directory, restart, room, sizeof(room),
				    err);
		if (rc == 0)
			rc = take_entries(&listing, (const uint8_t *)room, err);
		restart = false;
	}
	sbk_win32_close(&directory);
	/* 1 is the system's end of the list. */
	if (rc < 0)
		return rc;
	*count = listing.count;
	return 0;
}
