/* See the header. */
#include "tests/audit/world.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/banned.h"

const struct sbk_finding *finding_of(const struct sbk_report *report,
				     const char *rule, const char *tree,
				     const char *path)
{
	char object[1024];
	size_t i;

	if (path != NULL)
		(void)snprintf(object, sizeof(object), "%s%s%s", tree,
			       path[0] != '\0' ? "/" : "", path);
	for (i = 0; i < sbk_report_count(report); i++) {
		const struct sbk_finding *finding = sbk_report_at(report, i);

		if (strcmp(finding->rule, rule) == 0 &&
		    (path == NULL || (finding->object != NULL &&
				      strcmp(finding->object, object) == 0)))
			return finding;
	}
	return NULL;
}

size_t count_of(const struct sbk_report *report, const char *rule)
{
	size_t i, count = 0;

	for (i = 0; i < sbk_report_count(report); i++)
		if (strcmp(sbk_report_at(report, i)->rule, rule) == 0)
			count++;
	return count;
}

int as_number(unsigned number, int (*body)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		abort();
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 ||
		    setresgid(number, number, number) < 0 ||
		    setresuid(number, number, number) < 0)
			_exit(125);
		_exit(body(arg));
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

struct sbk_backend host_backend(void)
{
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_backend backend;

	assert_ok(sbk_os_backend(&backend, &err), &err);
	return backend;
}
