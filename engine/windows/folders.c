/*
 * Known folders by name ("KNOWNFOLDERID"). Asked of this process's user; what
 * a user cannot have moved is the machine's.
 */
#include "engine/windows/folders.h"

#include <stdio.h>
#include <string.h>

/* Defines the folders' GUIDs here, which no library of mingw's has all of. */
#include <initguid.h>
#include <knownfolders.h>

#include "engine/places.h"
#include "engine/os.h"
#include "engine/limits.h"
#include "engine/windows/drive_path.h"
#include "engine/windows/wide.h"
#include "engine/windows/win32.h"

#include "engine/banned.h"

static const struct {
	const char *name;
	const GUID *folder;
} folders[] = {
	{"Profile", &FOLDERID_Profile},
	{"UserProfiles", &FOLDERID_UserProfiles},
	{"Public", &FOLDERID_Public},
	{"ProgramData", &FOLDERID_ProgramData},
	{"LocalAppData", &FOLDERID_LocalAppData},
	{"LocalAppDataLow", &FOLDERID_LocalAppDataLow},
	{"RoamingAppData", &FOLDERID_RoamingAppData},
	{"Windows", &FOLDERID_Windows},
	{"System", &FOLDERID_System},
	{"ProgramFiles", &FOLDERID_ProgramFiles},
	{"ProgramFilesX86", &FOLDERID_ProgramFilesX86},
	{"Startup", &FOLDERID_Startup},
	{"CommonStartup", &FOLDERID_CommonStartup},
	{"StartMenu", &FOLDERID_StartMenu},
	{"Desktop", &FOLDERID_Desktop},
	{"Documents", &FOLDERID_Documents},
};

#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))

/* As places of a scope, spelled as they are; asked once each. */
static char spelled[FOLDER_COUNT][SBK_PATH_MAX];

static int ask(const GUID *folder, char *out, size_t size,
	       struct sbk_error *err)
{
	struct sbk_buf wide = SBK_BUF_INIT, text = SBK_BUF_INIT;
	int rc = sbk_win32_known_folder(folder, &wide, err);

	if (rc == 0) {
		sbk_narrow_add(&text, (const WCHAR *)(const void *)wide.data,
			       wide.size / sizeof(WCHAR));
		rc = sbk_buf_failed(&text, err);
	}
	if (rc == 0 && text.size >= size)
		rc = sbk_error_set(err, SBK_E_LIMIT,
				   "a known folder's path is too long");
	if (rc == 0) {
		(void)snprintf(out, size, "%s", sbk_buf_text(&text));
		sbk_drive_take(out);
	}
	sbk_buf_release(&wide);
	sbk_buf_release(&text);
	return rc;
}

static size_t find(const char *name, size_t size)
{
	size_t i = 0;

	while (i < FOLDER_COUNT && (strlen(folders[i].name) != size ||
				    memcmp(folders[i].name, name, size) != 0))
		i++;
	return i;
}

int sbk_folder_path(const char *name, char *out, size_t size,
		    struct sbk_error *err)
{
	const size_t i = find(name, strlen(name));

	if (i == FOLDER_COUNT)
		return sbk_error_set(err, SBK_E_NOTFOUND,
				     "there is no folder called '%s'", name);
	return ask(folders[i].folder, out, size, err);
}

bool sbk_places_folder(const char *name, size_t size, char *out)
{
	const size_t i = find(name, size);
	char path[SBK_PATH_MAX];

	if (i == FOLDER_COUNT)
		return false;
	if (spelled[i][0] == '\0') {
		if (ask(folders[i].folder, path, sizeof(path), NULL) < 0)
			return false;
		sbk_os_spelling(path, spelled[i]);
	}
	memcpy(out, spelled[i], strlen(spelled[i]) + 1);
	return true;
}
