/*
 * The caller, and where a person's and the machine's state is kept: from the
 * token and the known folders, never from the environment. Other people are
 * os_others.c's.
 */
#include "engine/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ntsec/sid.h"
#include "engine/windows/folders.h"
#include "engine/windows/os_storage.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

/* One program, one user and one machine: asked once. */
static char machine_directory[SBK_PATH_MAX];

struct sbk_owner sbk_os_machine_owner(void)
{
	return (struct sbk_owner){.text = "S-1-5-32-544"};
}

const char *sbk_os_machine_directory(void)
{
	char folder[SBK_PATH_MAX - 16];

	if (machine_directory[0] == '\0' &&
	    sbk_folder_path("ProgramData", folder, sizeof(folder), NULL) == 0)
		(void)snprintf(machine_directory, sizeof(machine_directory),
			       "%s/Sandbook", folder);
	return machine_directory[0] == '\0' ? NULL : machine_directory;
}

int sbk_os_caller_id(struct sbk_owner *out, struct sbk_error *err)
{
	struct sbk_buf bytes = SBK_BUF_INIT;
	struct sbk_sid_text text;
	struct sbk_sid sid;
	int rc = sbk_win32_process_user(&bytes, err);

	if (rc == 0)
		rc = sbk_sid_read((const uint8_t *)bytes.data, bytes.size, &sid,
				  err);
	if (rc == 0)
		(void)snprintf(out->text, sizeof(out->text), "%s",
			       sbk_sid_format(&sid, &text));
	sbk_buf_release(&bytes);
	return rc;
}

int sbk_os_caller(struct sbk_person *out, struct sbk_error *err)
{
	struct sbk_person person = {.uid = UINT32_MAX, .gid = UINT32_MAX};
	const char *name;
	int rc = sbk_os_caller_id(&person.id, err);

	if (rc == 0)
		rc = sbk_folder_path("Profile", person.home,
				     sizeof(person.home), err);
	if (rc < 0)
		return rc;
	/* For people alone; the SID is who it is. */
	name = strrchr(person.home, '/');
	(void)snprintf(person.name, sizeof(person.name), "%.63s",
		       name != NULL ? name + 1 : person.id.text);
	*out = person;
	return 0;
}

/* Who elevates as another administrator is that administrator. */
int sbk_os_invoking_person(struct sbk_person *out, struct sbk_error *err)
{
	return sbk_os_caller(out, err);
}

int sbk_os_person_directory(const struct sbk_person *person, char *out,
			    size_t size, size_t *base, struct sbk_error *err)
{
	char folder[SBK_PATH_MAX];
	struct sbk_owner caller;
	int length, rc = sbk_os_caller_id(&caller, err);

	if (rc == 0 && sbk_owner_equal(&caller, &person->id))
		rc = sbk_folder_path("LocalAppData", folder, sizeof(folder),
				     err);
	else if (rc == 0)
		rc = sbk_os_others_folder(person, folder, sizeof(folder), err);
	if (rc < 0)
		return rc;
	length = snprintf(out, size, "%s/Sandbook", folder);
	if (length < 0 || (size_t)length >= size)
		return sbk_error_set(err, SBK_E_LIMIT,
				     "the home of '%s' has too long a name",
				     person->name);
	*base = strlen(folder);
	return 0;
}
