/* Real files for tests; see the header. */
#include "tests/linux/tree.h"

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/os.h"

#define COMMAND_MAX 16384

void tree_checked(int condition, const char *text, int line)
{
	if (condition)
		return;
	(void)fprintf(stderr, "line %d of the child: not %s\n", line, text);
	_exit(1);
}

/* As assert_ok, in a child too. */
static void must(const struct tree *tree, int rc, const struct sbk_error *err)
{
	if (rc == 0)
		return;
	if (getpid() == tree->process)
		fail_msg("%d: %s", rc, err->message);
	(void)fprintf(stderr, "in the child: %d: %s\n", rc, err->message);
	_exit(1);
}

void tree_child(struct tree *tree, void (*run)(struct tree *tree))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run(tree);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void tree_become_plain(void)
{
	tree_check(setgroups(0, NULL) == 0 && setgid(1500) == 0 &&
		   setuid(1500) == 0);
}

void tree_own_mounts(void)
{
	tree_check(unshare(CLONE_NEWNS) == 0 &&
		   mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

int tree_setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	struct sbk_error err = SBK_ERROR_INIT;

	if (tree == NULL)
		return -1;
	tree->root = sbk_test_directory("tree");
	tree->process = getpid();
	assert_ok(sbk_os_backend(&tree->backend, &err), &err);
	*state = tree;
	return 0;
}

int tree_teardown(void **state)
{
	struct tree *tree = *state;

	sbk_backend_close(&tree->backend);
	sbk_observation_release(&tree->seen);
	sbk_test_remove(tree->root);
	free(tree);
	return 0;
}

const char *tree_path(const struct tree *tree, const char *name)
{
	static char paths[4][8192];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	if (name[0] == '\0')
		(void)snprintf(path, sizeof(paths[0]), "%s", tree->root);
	else
		(void)snprintf(path, sizeof(paths[0]), "%s/%s", tree->root,
			       name);
	return path;
}

static char *run_shell(const struct tree *tree, const char *command, int *code)
{
	struct sbk_buf out = SBK_BUF_INIT;
	int pipes[2], status;
	char block[4096];
	ssize_t size;
	pid_t pid;

	if (pipe(pipes) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		if (chdir(tree->root) < 0 || dup2(pipes[1], 1) < 0)
			_exit(126);
		(void)close(pipes[0]);
		(void)close(pipes[1]);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	while ((size = read(pipes[0], block, sizeof(block))) > 0)
		sbk_buf_add(&out, block, (size_t)size);
	(void)close(pipes[0]);
	if (waitpid(pid, &status, 0) < 0)
		abort();
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
	if (out.data == NULL)
		sbk_buf_adds(&out, "");
	return out.data == NULL ? calloc(1, 1) : sbk_buf_steal(&out);
}

static void must_run(const struct tree *tree, const char *command, int code)
{
	struct sbk_error err = SBK_ERROR_INIT;

	if (code != 0)
		must(tree,
		     sbk_error_set(&err, SBK_E_IO, "'%s' ended with %d",
				   command, code),
		     &err);
}

void tree_run(const struct tree *tree, const char *fmt, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	int code;

	va_start(args, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	free(run_shell(tree, command, &code));
	must_run(tree, command, code);
}

char *tree_output(const struct tree *tree, const char *fmt, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	char *out;
	int code;

	va_start(args, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	out = run_shell(tree, command, &code);
	must_run(tree, command, code);
	return out;
}

int tree_has_acls(const struct tree *tree)
{
	int code;

	free(run_shell(tree,
		       "touch acl-probe && setfacl -m u:1:r acl-probe "
		       "2>/dev/null && rm acl-probe",
		       &code));
	return code == 0;
}

struct sbk_state tree_observe(struct tree *tree, const char *name)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS,
				    .name = tree_path(tree, name)};
	struct sbk_error err = SBK_ERROR_INIT;

	assert_ok(
		sbk_backend_observe(&tree->backend, &object, &tree->seen, &err),
		&err);
	return sbk_observation_state(&tree->seen);
}

char *tree_state(struct tree *tree, const char *name)
{
	return strdup(tree_observe(tree, name).data);
}

char *tree_identity(struct tree *tree, const char *name)
{
	(void)tree_observe(tree, name);
	return strdup(sbk_buf_text(&tree->seen.identity));
}

static struct sbk_state copy_state(const struct sbk_buf *buf)
{
	return (struct sbk_state){.data = strdup(sbk_buf_text(buf)),
				  .size = buf->size};
}

void tree_grant(struct tree *tree, const char *name, const char *principal,
		enum sbk_rights rights, struct sbk_change *change)
{
	struct sbk_buf next = SBK_BUF_INIT, ours = SBK_BUF_INIT;
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_state before = tree_observe(tree, name);

	memset(change, 0, sizeof(*change));
	change->object.kind = SBK_KIND_ACCESS;
	change->object.name = strdup(tree_path(tree, name));
	change->object.identity = strdup(sbk_buf_text(&tree->seen.identity));
	change->before = copy_state(&tree->seen.state);
	must(tree,
	     sbk_backend_add_grant(&tree->backend, before,
				   strstr(before.data, "mode 4") != NULL,
				   principal, rights, &next, &ours, &err),
	     &err);
	change->after = copy_state(&next);
	change->ours = strdup(sbk_buf_text(&ours));
	must(tree,
	     sbk_backend_replace(&tree->backend, &change->object,
				 change->before, change->after, &err),
	     &err);
	sbk_buf_release(&next);
	sbk_buf_release(&ours);
}

int tree_undo(struct tree *tree, const char *name,
	      const struct sbk_change *change, struct sbk_error *err)
{
	struct sbk_object object = {.kind = SBK_KIND_ACCESS,
				    .name = tree_path(tree, name)};
	struct sbk_state current = tree_observe(tree, name);
	struct sbk_buf next = SBK_BUF_INIT;
	int rc = 0;

	if (sbk_state_equal(current, change->after))
		sbk_buf_add(&next, change->before.data, change->before.size);
	else
		rc = sbk_backend_subtract(&tree->backend, change, current,
					  &next, err);
	if (rc == 0)
		rc = sbk_backend_replace(
			&tree->backend, &object, current,
			(struct sbk_state){.data = sbk_buf_text(&next),
					   .size = next.size},
			err);
	sbk_buf_release(&next);
	return rc;
}

void tree_forget(struct sbk_change *change)
{
	free((char *)(uintptr_t)change->object.name);
	free((char *)(uintptr_t)change->object.identity);
	free((char *)(uintptr_t)change->before.data);
	free((char *)(uintptr_t)change->after.data);
	free((char *)(uintptr_t)change->ours);
}

char *tree_oracle(const struct tree *tree, const char *name)
{
	return tree_output(tree,
			   "getfacl -n -p --omit-header -- '%s' && "
			   "stat -c '%%u:%%g %%f' -- '%s'",
			   name, name);
}
