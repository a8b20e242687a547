/*
 * How a directory for our own records comes to be: built complete, with its
 * access list, under a name of ours, and renamed into place, so that a crash
 * leaves all or nothing. One builder at a time: who holds the file
 * SBK_STORE_BUILDING, which nobody else can open meanwhile and which goes with
 * its handle, however its process ends.
 */
#include "engine/windows/os_storage.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/storage_rules.h"

#include "engine/banned.h"

#define BUILD_WAIT_MS 5000 /* for another process that is building */
#define PAUSE_MS 20

static int private_descriptor(const struct sbk_store_parts *parts,
			      bool directory, bool readable,
			      struct sbk_buf *out, struct sbk_error *err)
{
	const struct sbk_storage_rule rule = {.owner = &parts->place->owner,
					      .directory = directory,
					      .readable = readable};

	return sbk_storage_descriptor(&rule, out, err);
}

int sbk_store_building_lock(HANDLE at, const struct sbk_store_parts *parts,
			    HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN_NEW,
						.access = DELETE |
							  FILE_WRITE_DATA,
						.passing = true,
						.descriptor = &descriptor};
	const int64_t until = sbk_win32_clock_ms() + BUILD_WAIT_MS;
	int rc = private_descriptor(parts, false, false, &descriptor, err);

	while (rc == 0) {
		rc = sbk_store_open_name(at, SBK_STORE_BUILDING, &making, out,
					 err);
		if (rc != SBK_E_BUSY)
			break;
		if (sbk_win32_clock_ms() >= until) {
			rc = sbk_error_set(err, SBK_E_BUSY,
					   "another process is making '%s'",
					   parts->place->directory);
			break;
		}
		sbk_win32_sleep(PAUSE_MS);
		rc = 0;
	}
	sbk_buf_release(&descriptor);
	return rc;
}

/*
 * The directory of what was begun: that of the first name, and those below it,
 * `levels` of them in all. SBK_E_NOTFOUND where it was not made yet.
 */
static int open_begun(HANDLE at, const struct sbk_store_parts *parts,
		      size_t depth, size_t levels, HANDLE *out,
		      struct sbk_error *err)
{
	const struct sbk_win32_making making = {.how = SBK_WIN32_OPEN,
						.access = SBK_STORE_CHANGE,
						.directory = true};
	HANDLE here = NULL;
	size_t i;
	int rc = sbk_store_open_name(at, SBK_STORE_NEW, &making, &here, err);

	for (i = 1; rc == 0 && i < levels; i++) {
		HANDLE next = NULL;

		rc = sbk_store_open_name(here, parts->names[depth + i], &making,
					 &next, err);
		sbk_win32_close(&here);
		here = next;
	}
	if (rc == 0)
		*out = here;
	return rc;
}

/* Removes what is called `name` in the innermost directory of those levels. */
static int clear_level(HANDLE at, const struct sbk_store_parts *parts,
		       size_t depth, size_t levels, const char *name,
		       bool directory, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	HANDLE here = NULL;
	int rc = open_begun(at, parts, depth, levels, &here, &why);

	if (rc == SBK_E_NOTFOUND)
		return 0;
	if (rc < 0 && err != NULL)
		*err = why;
	if (rc == 0)
		rc = sbk_store_delete_name(here, name, directory, err);
	sbk_win32_close(&here);
	return rc;
}

int sbk_store_building_clear(HANDLE at, const struct sbk_store_parts *parts,
			     size_t depth, struct sbk_error *err)
{
	size_t levels = parts->count - depth;
	int rc = clear_level(at, parts, depth, levels, SBK_STORE_MADE, false,
			     err);

	for (; rc == 0 && levels > 1; levels--)
		rc = clear_level(at, parts, depth, levels - 1,
				 parts->names[depth + levels - 1], true, err);
	if (rc == 0)
		rc = sbk_store_delete_name(at, SBK_STORE_NEW, true, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot remove the unfinished '%s'",
				       SBK_STORE_NEW);
	return rc;
}

/* Remembers in the new directory how many parents were made with it. */
static int write_made(HANDLE directory, const struct sbk_store_parts *parts,
		      size_t parents, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {.how = SBK_WIN32_NEW,
						.access = FILE_WRITE_DATA,
						.descriptor = &descriptor};
	HANDLE file = NULL;
	char text[16];
	int size = snprintf(text, sizeof(text), "%zu\n", parents);
	int rc;

	if (parents == 0)
		return 0;
	rc = private_descriptor(parts, false, false, &descriptor, err);
	if (rc == 0)
		rc = sbk_store_open_name(directory, SBK_STORE_MADE, &making,
					 &file, err);
	if (rc == 0)
		rc = sbk_win32_write_at(file, 0, text, (size_t)size, err);
	if (rc == 0)
		rc = sbk_win32_flush(file, err);
	sbk_win32_close(&file);
	sbk_buf_release(&descriptor);
	return rc;
}

/* Makes one directory in `at` and steps into it. */
static int make_step(HANDLE at, const char *name,
		     const struct sbk_store_parts *parts, bool readable,
		     HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	const struct sbk_win32_making making = {.how = SBK_WIN32_NEW,
						.access = SBK_STORE_CHANGE,
						.directory = true,
						.descriptor = &descriptor};
	int rc = private_descriptor(parts, true, readable, &descriptor, err);

	if (rc == 0)
		rc = sbk_store_open_name(at, name, &making, out, err);
	if (rc < 0)
		(void)sbk_error_prefix(err, "cannot make the directory '%s'",
				       name);
	sbk_buf_release(&descriptor);
	return rc;
}

static int build_chain(HANDLE at, const struct sbk_store_parts *parts,
		       size_t depth, struct sbk_error *err)
{
	const size_t levels = parts->count - depth;
	HANDLE here = NULL;
	size_t i;
	int rc = make_step(at, SBK_STORE_NEW, parts,
			   levels == 1 && parts->place->shared, &here, err);

	for (i = 1; rc == 0 && i < levels; i++) {
		HANDLE next = NULL;

		rc = make_step(here, parts->names[depth + i], parts,
			       i + 1 == levels && parts->place->shared, &next,
			       err);
		if (rc == 0)
			rc = sbk_store_flush(here, parts->names[depth + i],
					     err);
		sbk_win32_close(&here);
		here = next;
	}
	if (rc == 0)
		rc = write_made(here, parts, levels - 1, err);
	if (rc == 0)
		rc = sbk_store_flush(here, parts->place->directory, err);
	sbk_win32_close(&here);
	return rc;
}

static int build(HANDLE at, const struct sbk_store_parts *parts, size_t depth,
		 struct sbk_error *err)
{
	int rc = sbk_store_building_clear(at, parts, depth, err);

	if (rc == 0)
		rc = build_chain(at, parts, depth, err);
	if (rc == 0)
		rc = sbk_store_rename_name(at, SBK_STORE_NEW,
					   parts->names[depth], true, false,
					   err);
	if (rc == 0)
		rc = sbk_store_flush(at, parts->place->directory, err);
	if (rc < 0) {
		/* The first failure is the one to report. */
		(void)sbk_store_building_clear(at, parts, depth, NULL);
		(void)sbk_error_prefix(err, "cannot create '%s'",
				       parts->place->directory);
	}
	return rc;
}

int sbk_store_build(const struct sbk_store_parts *parts, size_t depth,
		    struct sbk_error *err)
{
	struct sbk_pin at = SBK_PIN_INIT, now = SBK_PIN_INIT;
	HANDLE lock = NULL;
	size_t found = 0;
	int rc = sbk_store_walk(parts, depth, SBK_STORE_CHANGE, &at, &found,
				err);

	if (rc == 0)
		rc = sbk_store_building_lock(at.handle, parts, &lock, err);
	if (rc < 0)
		goto out;
	/* What others have made meanwhile is looked at again. */
	rc = sbk_store_walk(parts, depth + 1, SBK_STORE_PASS, &now, &found,
			    err);
	if (rc == SBK_E_NOTFOUND && found == depth) {
		sbk_error_clear(err);
		rc = build(at.handle, parts, depth, err);
	} else if (rc == 0) {
		rc = 1;
	}
out:
	sbk_pin_release(&now);
	sbk_win32_close(&lock);
	sbk_pin_release(&at);
	return rc;
}
