/*
 * A run on a terminal: the test holds the outer terminal and types. Job
 * control, window size, /dev/tty and the settings given back are what an
 * interactive program needs.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "engine/run.h"
#include "tests/linux/run_scope.h"

#include "engine/banned.h"

#define WAIT_MS 5000

struct terminal {
	int master, slave;
	pid_t run;
	struct termios before;
	char seen[1 << 20]; /* all that came out so far */
	size_t size, read_to;
};

/* In the child, on its own session and terminal: the run. */
static void launch(char *const *argv, int other_stdout)
{
	struct sbk_run_options options = {.test_no_namespaces = false};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	struct sbk_scope scope;

	if (other_stdout >= 0 && dup2(other_stdout, 1) < 0)
		_exit(200);
	test_scope_init(&scope, "/home/tester");
	if (sbk_run_launch(&scope, &options, argv, NULL, &end, &err) < 0)
		_exit(200);
	test_scope_release(&scope);
	_exit(end.exit_code);
}

static struct terminal *open_terminal(void)
{
	struct winsize window = {.ws_row = 33, .ws_col = 77};
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	assert_non_null(terminal);
	assert_int_equal(openpty(&terminal->master, &terminal->slave, NULL,
				 NULL, &window),
			 0);
	assert_int_equal(fcntl(terminal->master, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(tcgetattr(terminal->slave, &terminal->before), 0);
	return terminal;
}

static void start(struct terminal *terminal, const char *const *argv,
		  int other_stdout)
{
	terminal->run = fork();
	assert_true(terminal->run >= 0);
	if (terminal->run == 0) {
		(void)close(terminal->master);
		if (login_tty(dup(terminal->slave)) < 0)
			_exit(200);
		launch((char *const *)argv, other_stdout);
	}
}

/* Whether something came. */
static bool read_some(struct terminal *terminal, int wait_ms)
{
	struct pollfd ready = {.fd = terminal->master, .events = POLLIN};
	ssize_t got;

	if (poll(&ready, 1, wait_ms) <= 0)
		return false;
	got = read(terminal->master, terminal->seen + terminal->size,
		   sizeof(terminal->seen) - terminal->size - 1);
	if (got > 0)
		terminal->size += (size_t)got;
	terminal->seen[terminal->size] = '\0';
	return got > 0;
}

/* Waits until `text` came out after what was awaited before. */
static void await(struct terminal *terminal, const char *text)
{
	char *found = NULL;
	int waited;

	for (waited = 0; waited < WAIT_MS && found == NULL;) {
		found = strstr(terminal->seen + terminal->read_to, text);
		if (found == NULL && !read_some(terminal, 50))
			waited += 50;
	}
	if (found == NULL)
		fail_msg("'%s' did not come; there was '%s'", text,
			 terminal->seen + terminal->read_to);
	terminal->read_to = (size_t)(found - terminal->seen) + strlen(text);
}

static void type(struct terminal *terminal, const char *keys)
{
	assert_int_equal(write(terminal->master, keys, strlen(keys)),
			 strlen(keys));
}

static int finish(struct terminal *terminal)
{
	int status, waited;

	for (waited = 0; waited < WAIT_MS; waited += 20) {
		(void)read_some(terminal, 20);
		if (waitpid(terminal->run, &status, WNOHANG) == terminal->run)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : -WTERMSIG(status);
	}
	(void)kill(terminal->run, SIGKILL);
	fail_msg("the run does not end");
	return -1;
}

/* The caller's terminal is what it was. */
static void close_terminal(struct terminal *terminal)
{
	struct termios after;

	assert_int_equal(tcgetattr(terminal->slave, &after), 0);
	assert_int_equal(after.c_lflag, terminal->before.c_lflag);
	assert_int_equal(after.c_iflag, terminal->before.c_iflag);
	assert_int_equal(after.c_oflag, terminal->before.c_oflag);
	(void)close(terminal->master);
	(void)close(terminal->slave);
	free(terminal);
}

static void test_terminal__bash_has_job_control(void **state)
{
	const char *argv[] = {"bash", "--norc", "--noprofile", "-i", NULL};
	struct terminal *terminal = open_terminal();

	(void)state;
	start(terminal, argv, -1);
	type(terminal, "PS1='ready> '; echo be\"\"gan; tty; stty size\n");
	await(terminal, "began\r\n");
	await(terminal, "/dev/pts/0");
	await(terminal, "33 77");
	type(terminal, "echo through >/dev/tty\n");
	await(terminal, "through\r\n");
	type(terminal, "sleep 1000\n");
	await(terminal, "sleep 1000");
	/* Until the shell has given the terminal away, the key is its own. */
	(void)usleep(200000);
	type(terminal, "\032"); /* ^Z */
	await(terminal, "Stopped");
	type(terminal, "jobs\n");
	await(terminal, "sleep 1000");
	type(terminal, "fg\n");
	await(terminal, "sleep 1000");
	(void)usleep(200000);
	type(terminal, "\003"); /* ^C */
	await(terminal, "ready> ");
	type(terminal, "echo co\"\"de $?\n");
	await(terminal, "code 130");
	type(terminal, "exit 7\n");
	assert_int_equal(finish(terminal), 7);
	close_terminal(terminal);
}

static void test_terminal__window_size_follows(void **state)
{
	const char *argv[] = {"sh", "-c",
			      "trap 'stty size; exit 3' WINCH; echo began; "
			      "while :; do sleep 0.05; done",
			      NULL};
	struct winsize window = {.ws_row = 50, .ws_col = 132};
	struct terminal *terminal = open_terminal();

	(void)state;
	start(terminal, argv, -1);
	await(terminal, "began");
	assert_int_equal(ioctl(terminal->master, TIOCSWINSZ, &window), 0);
	await(terminal, "50 132");
	assert_int_equal(finish(terminal), 3);
	close_terminal(terminal);
}

static void test_terminal__keys_are_signals(void **state)
{
	const char *argv[] = {"sleep", "1000", NULL};
	struct terminal *terminal = open_terminal();

	(void)state;
	start(terminal, argv, -1);
	(void)usleep(300000);
	type(terminal, "\003");
	assert_int_equal(finish(terminal), 128 + SIGINT);
	close_terminal(terminal);
}

/*
 * What a shell does with a job: its own group in the foreground, and, when it
 * stops, a word about it and the terminal's mode; then it is continued.
 */
static void act_as_shell(char *const *argv)
{
	struct termios now;
	int status;
	pid_t job;

	(void)signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		(void)setpgid(0, 0);
		(void)tcsetpgrp(0, getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		launch(argv, -1);
	}
	(void)setpgid(job, job);
	(void)tcsetpgrp(0, job);
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		(void)tcsetpgrp(0, getpid());
		if (tcgetattr(0, &now) < 0)
			_exit(201);
		printf("job stopped, terminal %s\r\n",
		       now.c_lflag & ICANON ? "given back" : "kept");
		(void)fflush(stdout);
		(void)tcsetpgrp(0, job);
		(void)kill(-job, SIGCONT);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 202);
}

/* ^Z stops the front end too, so that the caller's shell notices. */
static void test_terminal__stops_and_goes_on(void **state)
{
	const char *argv[] = {"sh", "-c",
			      "echo began; read line; echo got $line; exit 5",
			      NULL};
	struct terminal *terminal = open_terminal();

	(void)state;
	terminal->run = fork();
	assert_true(terminal->run >= 0);
	if (terminal->run == 0) {
		(void)close(terminal->master);
		if (login_tty(dup(terminal->slave)) < 0)
			_exit(200);
		act_as_shell((char *const *)argv);
	}
	await(terminal, "began");
	type(terminal, "\032");
	await(terminal, "job stopped, terminal given back");
	type(terminal, "word\n");
	await(terminal, "got word");
	assert_int_equal(finish(terminal), 5);
	close_terminal(terminal);
}

/* What the command wrote last is not lost, however slow the reader. */
static void test_terminal__nothing_is_lost_at_the_end(void **state)
{
	const char *argv[] = {"sh", "-c", "seq 1 40000; echo LAST", NULL};
	struct terminal *terminal = open_terminal();
	size_t i, lines = 0;

	(void)state;
	start(terminal, argv, -1);
	(void)usleep(300000);
	await(terminal, "LAST");
	for (i = 0; i < terminal->size; i++)
		lines += terminal->seen[i] == '\n';
	assert_in_range(lines, 40000, 40001);
	assert_int_equal(finish(terminal), 0);
	close_terminal(terminal);
}

/* Only what is a terminal is replaced: stdout to a pipe stays that pipe. */
static void test_terminal__mixed_with_a_pipe(void **state)
{
	const char *argv[] = {"sh", "-c",
			      "test -t 0 && ! test -t 1 && test -t 2 && "
			      "echo in-pipe && echo on-terminal >&2",
			      NULL};
	struct terminal *terminal = open_terminal();
	char text[64] = "";
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	start(terminal, argv, pipes[1]);
	(void)close(pipes[1]);
	await(terminal, "on-terminal");
	assert_int_equal(read(pipes[0], text, sizeof(text) - 1), 8);
	assert_string_equal(text, "in-pipe\n");
	(void)close(pipes[0]);
	assert_int_equal(finish(terminal), 0);
	close_terminal(terminal);
}

/* The caller's own terminal is out of reach. */
static void test_terminal__callers_terminal_is_hidden(void **state)
{
	const char *argv[] = {"sh", "-c", "tty; ls /dev/pts; exit 2", NULL};
	struct terminal *terminal = open_terminal();

	(void)state;
	start(terminal, argv, -1);
	await(terminal, "/dev/pts/0\r\n0");
	await(terminal, "ptmx");
	assert_int_equal(finish(terminal), 2);
	assert_null(strstr(terminal->seen, "\r\n1"));
	close_terminal(terminal);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal__bash_has_job_control),
		cmocka_unit_test(test_terminal__window_size_follows),
		cmocka_unit_test(test_terminal__keys_are_signals),
		cmocka_unit_test(test_terminal__stops_and_goes_on),
		cmocka_unit_test(test_terminal__nothing_is_lost_at_the_end),
		cmocka_unit_test(test_terminal__mixed_with_a_pipe),
		cmocka_unit_test(test_terminal__callers_terminal_is_hidden),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
