/*
 * What an administrator's commands ask of the system. Windows starts nothing as
 * somebody without that person's password, so nobody is asked here: an errand
 * is refused with what the person has to do. Whether there is anything to ask
 * for is looked up without reading any of it.
 */
#include "engine/os_admin.h"

#include <stdio.h>
#include <string.h>

#include "engine/windows/os_storage.h"
#include "engine/windows/pin.h"
#include "engine/windows/win32_processes.h"

#include "engine/banned.h"

/* SBK_E_NOTFOUND where the person surely has no directory of ours. Its path is
 * walked by handles, through no link; nothing in it is opened. */
static int look_for_records(const struct sbk_person *person,
			    struct sbk_error *err)
{
	char path[SBK_PATH_MAX];
	struct sbk_pin pin = SBK_PIN_INIT;
	size_t base;
	int rc;

	rc = sbk_os_person_directory(person, path, sizeof(path), &base, err);
	if (rc < 0)
		return rc;
	rc = sbk_pin_path(path, FILE_READ_ATTRIBUTES, &pin, err);
	sbk_pin_release(&pin);
	return rc == SBK_E_NOTFOUND
		       ? sbk_error_set(err, rc, "'%s' keeps nothing in '%s'",
				       person->name, path)
		       : 0;
}

static int refuse(const struct sbk_person *person, struct sbk_error *err)
{
	int rc = look_for_records(person, err);

	if (rc == SBK_E_NOTFOUND)
		return rc;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "Windows starts nothing as '%s' without that "
			     "user's password; what that user keeps goes by "
			     "that user's own 'sandbook uninstall', which then "
			     "finishes the rest (--user-only: it does not)",
			     person->name);
}

static const WCHAR *const reaching[] = {SE_BACKUP_NAME, SE_RESTORE_NAME};
#define REACHING (sizeof(reaching) / sizeof(reaching[0]))

unsigned sbk_os_reach_begin(void)
{
	unsigned begun = 0;
	size_t i;

	/* Without one, what can be reached is, and the rest is told. */
	for (i = 0; i < REACHING; i++) {
		bool was = true;

		if (sbk_win32_privilege(reaching[i], true, &was, NULL) == 0 &&
		    !was)
			begun |= 1u << i;
	}
	return begun;
}

int sbk_os_reach_end(unsigned begun, struct sbk_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < REACHING; i++) {
		int one = 0;

		if ((begun & 1u << i) != 0)
			one = sbk_win32_privilege(reaching[i], false, NULL,
						  rc == 0 ? err : NULL);
		rc = rc == 0 ? one : rc;
	}
	return rc;
}

int sbk_os_run_as(const struct sbk_person *person, const char *const *argv,
		  int64_t timeout_ms, void *answer, size_t size,
		  struct sbk_error *err)
{
	(void)argv;
	(void)timeout_ms;
	(void)answer;
	(void)size;
	return refuse(person, err);
}

int sbk_os_run_as_able(const struct sbk_person *person, const char *const *argv,
		       int64_t timeout_ms, void *answer, size_t size,
		       struct sbk_error *err)
{
	return sbk_os_run_as(person, argv, timeout_ms, answer, size, err);
}

int sbk_os_fetch_as(const struct sbk_person *person, const char *const *argv,
		    int64_t timeout_ms, size_t max, struct sbk_buf *out,
		    struct sbk_error *err)
{
	(void)argv;
	(void)timeout_ms;
	(void)max;
	(void)out;
	return refuse(person, err);
}

/* Nobody started us for one. */
int sbk_os_errand_answer(const void *answer, size_t size, struct sbk_error *err)
{
	(void)answer;
	(void)size;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "there are no errands on Windows");
}
