/*
 * Where the certificate and the log of an uninstall may stay: in no directory
 * of a journal, since each of those is removed. Asked before anything is
 * changed; looks only at names.
 */
#include "uninstall/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/os_admin.h"
#include "engine/os_census.h"
#include "engine/path.h"
#include "journal/journal.h"

#include "engine/banned.h"

static int check_outside(const char *path, const char *directory,
			 struct sbk_error *err)
{
	if (!sbk_path_within(path, directory))
		return 0;
	return sbk_error_set(err, SBK_E_INVAL,
			     "'%.1000s' would be in a journal's own directory, "
			     "which is removed; nothing was changed: name "
			     "another place",
			     path);
}

int sbk_uninstall_check_stays(const struct sbk_new_file *file,
			      const struct sbk_journal_place *place,
			      struct sbk_error *err)
{
	struct sbk_error ignored = SBK_ERROR_INIT; /* there is none, then */
	char *directory = NULL;
	int rc;

	if (file == NULL ||
	    sbk_os_real_path(place->directory, &directory, &ignored) < 0)
		return 0;
	rc = check_outside(sbk_os_new_file_path(file), directory, err);
	free(directory);
	return rc;
}

/*
 * Of other people the home alone is resolved, and that only where the path has
 * the rest of such a directory in it: what is below a home is its owner's, who
 * could make a link of it that leads to wherever root wants to write.
 */
static int check_person(void *arg, const struct sbk_person *person,
			struct sbk_error *err)
{
	const char *path = arg, *rest;
	struct sbk_error ignored = SBK_ERROR_INIT; /* no home, no journal */
	struct sbk_journal_place place;
	struct sbk_arena arena = SBK_ARENA_INIT;
	char home[SBK_PATH_MAX], *real = NULL, *directory;
	int rc = 0;

	if (sbk_journal_place_user(person, &place, &ignored) < 0)
		return 0;
	rest = place.directory + place.base;
	if (strstr(path, rest) == NULL)
		return 0;
	(void)snprintf(home, sizeof(home), "%.*s", (int)place.base,
		       place.directory);
	if (sbk_os_real_path(home, &real, &ignored) < 0)
		return 0;
	directory = sbk_path_join(&arena, real, rest);
	rc = directory == NULL ? sbk_error_no_memory(err)
			       : check_outside(path, directory, err);
	free(real);
	sbk_arena_release(&arena);
	return rc;
}

int sbk_uninstall_check_stays_machine(const struct sbk_new_file *file,
				      struct sbk_error *err)
{
	struct sbk_error ignored = SBK_ERROR_INIT;
	struct sbk_journal_place place;
	struct sbk_person caller;
	int rc;

	if (file == NULL)
		return 0;
	rc = sbk_journal_place_machine(&place, err);
	if (rc == 0)
		rc = sbk_uninstall_check_stays(file, &place, err);
	if (rc == 0)
		rc = sbk_os_invoking_person(&caller, err);
	if (rc == 0 && sbk_journal_place_user(&caller, &place, &ignored) == 0)
		rc = sbk_uninstall_check_stays(file, &place, err);
	if (rc == 0)
		rc = sbk_os_people(check_person,
				   (void *)sbk_os_new_file_path(file), err);
	return rc;
}
