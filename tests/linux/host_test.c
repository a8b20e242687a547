/* See the header. */
#include "tests/linux/host_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/banned.h"

static int run(const char *command, int output)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		abort();
	if (pid == 0) {
		if (output >= 0 && dup2(output, 1) < 0)
			_exit(125);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int shell(const char *command)
{
	return run(command, -1);
}

char *shell_output(const char *command)
{
	FILE *file = tmpfile();
	struct sbk_buf text = SBK_BUF_INIT;
	char chunk[4096];
	size_t n;

	if (file == NULL)
		abort();
	(void)run(command, fileno(file));
	rewind(file);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		sbk_buf_add(&text, chunk, n);
	(void)fclose(file);
	sbk_buf_adds(&text, "");
	return sbk_buf_steal(&text);
}

char *host_manifest(void)
{
	return shell_output("find /etc -maxdepth 1 -type f -print0 | "
			    "xargs -0 " SBK_SOURCE_DIR
			    "/tests/support/manifest /etc/systemd "
			    "/var/lib/sandbook");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

void host_assert_is(const char *before, const char *file, int line)
{
	char *now = host_manifest();

	if (strcmp(before, now) != 0) {
		write_file("/run/before", before);
		write_file("/run/now", now);
		(void)shell("diff /run/before /run/now >&2");
		print_error("the host is not what it was\n");
		_fail(file, line);
	}
	free(now);
}

int host_apply(const struct sbk_backend *backend, struct sbk_plan *plan,
	       struct sbk_error *err)
{
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_DO};
	struct sbk_apply_result result;
	int rc = sbk_apply(backend, &recorder, plan, &options, &result, err);

	assert_null(recorded.sequence_error);
	return rc;
}

void host_forget_results(struct sbk_plan *plan)
{
	size_t i;

	for (i = 0; i < sbk_plan_count(plan); i++) {
		sbk_plan_at(plan, i)->id = i + 1;
		sbk_plan_at(plan, i)->status = SBK_STATUS_PREPARED;
	}
}

static size_t report_open(struct sbk_change *change)
{
	if (change->status == SBK_STATUS_CONFIRMED ||
	    change->status == SBK_STATUS_UNDONE ||
	    change->status == SBK_STATUS_PREPARED)
		return 0;
	print_message("%s %s: %s\n", change->object.name,
		      sbk_status_name(change->status),
		      change->note != NULL ? change->note : "");
	return 1;
}

/* All changes of the plans that were begun, in their order. */
static size_t collect(struct sbk_plan *const *plans, size_t count,
		      struct sbk_change **out)
{
	size_t i, j, found = 0;

	for (i = 0; i < count; i++)
		for (j = 0; j < sbk_plan_count(plans[i]); j++) {
			struct sbk_change *change = sbk_plan_at(plans[i], j);

			if (change->status == SBK_STATUS_PLANNED)
				continue;
			assert_true(found < RECORDED_MAX);
			out[found] = change;
			change->id = ++found;
		}
	return found;
}

size_t host_undo(const struct sbk_backend *backend,
		 struct sbk_plan *const *plans, size_t count)
{
	struct recorded recorded = {.count = 0};
	struct sbk_recorder recorder = recorded_recorder(&recorded);
	struct sbk_apply_options options = {.kind = SBK_TRANSACTION_UNDO};
	struct sbk_apply_result result;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_plan *inverse = sbk_plan_new();
	struct sbk_change *changes[RECORDED_MAX];
	size_t i, open = 0;

	count = collect(plans, count, changes);
	assert_ok(
		sbk_plan_undo(backend, changes, count, NULL, 0, inverse, &err),
		&err);
	assert_ok(
		sbk_apply(backend, &recorder, inverse, &options, &result, &err),
		&err);
	for (i = 0; i < sbk_plan_count(inverse); i++)
		open += report_open(sbk_plan_at(inverse, i));
	for (i = 0; i < count; i++)
		open += report_open(changes[i]);
	sbk_plan_free(inverse);
	return open;
}
