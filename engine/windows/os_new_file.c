/*
 * A file to be made later, in a directory that is held open from now on. It is
 * written under a name of ours and renamed when it is complete, never over
 * another one. It gets what its directory lets new files inherit, or, where it
 * is confidential, an access list of the caller's alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/storage_rules.h"
#include "engine/windows/wide.h"

#include "engine/banned.h"

struct sbk_new_file {
	struct sbk_pin directory;
	size_t name; /* where it begins in the path */
	char path[SBK_PATH_MAX];
};

static int exists(const char *path, struct sbk_error *err)
{
	return sbk_error_set(err, SBK_E_EXISTS,
			     "'%.300s' exists already; name another file",
			     path);
}

/* The path with its directory as the system has it. */
static int resolve(const char *path, struct sbk_new_file *out,
		   struct sbk_error *err)
{
	const char *slash = strrchr(path, '/'), *back = strrchr(path, '\\');
	const char *rest, *name;
	char parent[SBK_PATH_MAX], *real = NULL;
	size_t size;
	int rc;

	if (back != NULL && (slash == NULL || back > slash))
		slash = back;
	name = slash == NULL ? path : slash + 1;
	if (strlen(path) >= sizeof(parent) - 2)
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.60s...' is too long for a path", path);
	/* The root of a drive is no root without its slash. */
	(void)snprintf(parent, sizeof(parent), "%.*s%s", (int)(name - path),
		       path, name == path ? "." : "");
	rest = name;
	rc = sbk_wide_component(&rest, &name, &size, err);
	if (rc == 0 && (size == 0 || *rest != '\0'))
		rc = sbk_error_set(err, SBK_E_INVAL, "'%.300s' names no file",
				   path);
	if (rc == 0)
		rc = sbk_os_real_path(parent, &real, err);
	if (rc == 0) {
		size = strlen(real);
		out->name = size + (real[size - 1] != '/');
		if ((size_t)snprintf(out->path, sizeof(out->path), "%s%s%s",
				     real, real[size - 1] == '/' ? "" : "/",
				     name) >= sizeof(out->path))
			rc = sbk_error_set(err, SBK_E_LIMIT,
					   "'%.60s...' is too long for a path",
					   real);
	}
	if (rc == 0)
		rc = sbk_pin_path(real, SBK_STORE_CHANGE, &out->directory, err);
	free(real);
	return rc;
}

int sbk_os_new_file_prepare(const char *path, struct sbk_new_file **out,
			    struct sbk_error *err)
{
	struct sbk_new_file *file = calloc(1, sizeof(*file));
	int rc;

	if (file == NULL)
		return sbk_error_no_memory(err);
	rc = resolve(path, file, err);
	if (rc == 0 &&
	    sbk_store_has_name(file->directory.handle, file->path + file->name))
		rc = exists(file->path, err);
	if (rc < 0) {
		sbk_os_new_file_free(file);
		return rc;
	}
	*out = file;
	return 0;
}

const char *sbk_os_new_file_path(const struct sbk_new_file *file)
{
	return file->path;
}

/* Under its passing name; the handle is left open. */
static int write_file(const struct sbk_new_file *file, const char *passing,
		      const void *data, size_t size, bool confidential,
		      HANDLE *out, struct sbk_error *err)
{
	struct sbk_buf descriptor = SBK_BUF_INIT;
	struct sbk_owner caller;
	const struct sbk_storage_rule rule = {.owner = &caller};
	const struct sbk_win32_making making = {
		.how = SBK_WIN32_NEW,
		.access = DELETE | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES,
		.descriptor = confidential ? &descriptor : NULL};
	int rc = sbk_os_caller_id(&caller, err);

	if (rc == 0)
		rc = sbk_storage_descriptor(&rule, &descriptor, err);
	if (rc == 0)
		rc = sbk_store_open_name(file->directory.handle, passing,
					 &making, out, err);
	if (rc == 0)
		rc = sbk_win32_write_at(*out, 0, data, size, err);
	if (rc == 0)
		rc = sbk_win32_flush(*out, err);
	sbk_buf_release(&descriptor);
	return rc;
}

int sbk_os_new_file_make(const struct sbk_new_file *file, const void *data,
			 size_t size, const struct sbk_person *owner,
			 bool confidential, struct sbk_error *err)
{
	const HANDLE directory = file->directory.handle;
	char passing[64];
	HANDLE handle = NULL;
	unsigned tries = 0;
	int rc;

	(void)owner; /* who elevated is the caller */
	(void)snprintf(passing, sizeof(passing), ".sandbook-%lu",
		       (unsigned long)sbk_os_process());
	rc = write_file(file, passing, data, size, confidential, &handle, err);
	/* Both by its handle: in a directory of others the name may be that of
	 * another file by now. */
	if (rc == 0) {
		do {
			rc = sbk_store_rename_open(handle, directory,
						   file->path + file->name,
						   false, err);
		} while (sbk_store_again(rc, &tries));
	}
	if (rc < 0 && handle != NULL)
		(void)sbk_win32_delete(handle, NULL);
	if (rc == SBK_E_EXISTS && handle != NULL)
		rc = exists(file->path, err);
	else if (rc < 0)
		(void)sbk_error_prefix(err, "writing '%s'", file->path);
	sbk_win32_close(&handle);
	return rc < 0 ? rc : sbk_store_flush(directory, file->path, err);
}

void sbk_os_new_file_free(struct sbk_new_file *file)
{
	if (file == NULL)
		return;
	sbk_pin_release(&file->directory);
	free(file);
}
