/* See the header. Holds: a console is closed while another thread reads it, or
 * when nobody could (launch.h). */
#include "engine/windows/launch_relay.h"

#include "engine/windows/win32.h"
#include "engine/windows/win32_console.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_pipe.h"

#include "engine/banned.h"

#define PART_BYTES (16 << 10)

/* With none, a program would get its hidden console's, which has no end. */
static int give_empty_input(struct sbk_launch_relay *relay,
			    struct sbk_launch_wish *wish, struct sbk_error *err)
{
	HANDLE write = NULL;
	int rc = sbk_win32_make_pipe(&relay->lines[0].given, &write, err);

	sbk_win32_close(&write);
	wish->streams[0] = relay->lines[0].given;
	return rc;
}

int sbk_launch_relay_streams(struct sbk_launch_relay *relay,
			     struct sbk_launch_wish *wish,
			     struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	if ((wish->terminal & 1u) == 0 &&
	    (wish->streams[0] == NULL ||
	     wish->streams[0] == INVALID_HANDLE_VALUE))
		rc = give_empty_input(relay, wish, err);
	for (i = 1; rc == 0 && i < 3; i++) {
		struct sbk_launch_line *line = &relay->lines[i];

		if ((wish->terminal & 1u << i) != 0 ||
		    !sbk_win32_is_console(wish->streams[i]))
			continue;
		line->console = wish->streams[i];
		rc = sbk_win32_make_pipe(&line->from, &line->given, err);
		wish->streams[i] = line->given;
	}
	return rc;
}

static DWORD WINAPI carry_lines(void *arg)
{
	const struct sbk_launch_line *line = arg;
	uint8_t part[PART_BYTES];
	size_t got = 1;

	/* Where nobody sees it, it is read all the same: the command waits. */
	while (sbk_win32_read_pipe(line->from, part, sizeof(part), &got,
				   NULL) == 0 &&
	       got > 0)
		(void)sbk_win32_write(line->console, part, got, NULL);
	return 0;
}

static DWORD WINAPI carry_screen(void *arg)
{
	const struct sbk_launch_relay *relay = arg;
	uint8_t part[PART_BYTES];
	size_t got = 1;

	while (sbk_win32_read_pipe(relay->launch->terminal_out, part,
				   sizeof(part), &got, NULL) == 0 &&
	       got > 0)
		(void)relay->terminal->write(relay->terminal->self, part, got,
					     NULL);
	return 0;
}

/* Of a command that has ended it is of no use to anybody. */
static void put_keys(void *arg, const void *data, size_t size)
{
	const struct sbk_launch_relay *relay = arg;

	(void)sbk_win32_write(relay->launch->terminal_in, data, size, NULL);
}

static void put_size(void *arg, COORD size)
{
	const struct sbk_launch_relay *relay = arg;

	sbk_launch_resize(relay->launch, size);
}

static int begin_terminal(struct sbk_launch_relay *relay,
			  const struct sbk_terminal *terminal,
			  struct sbk_error *err)
{
	const struct sbk_terminal_sink sink = {
		.arg = relay, .keys = put_keys, .resize = put_size};
	int rc = terminal->begin(terminal->self, &sink, err);

	if (rc < 0)
		return rc;
	relay->terminal = terminal;
	return sbk_win32_make_thread(carry_screen, relay, NULL, &relay->screen,
				     err);
}

int sbk_launch_relay_begin(struct sbk_launch_relay *relay,
			   struct sbk_launch *launch, struct sbk_error *err)
{
	int rc = 0;
	size_t i;

	relay->launch = launch;
	for (i = 0; rc == 0 && i < 3; i++) {
		struct sbk_launch_line *line = &relay->lines[i];

		/* The command has its own. */
		sbk_win32_close(&line->given);
		if (line->from != NULL)
			rc = sbk_win32_make_thread(carry_lines, line, NULL,
						   &line->thread, err);
	}
	if (rc == 0 && launch->wish->terminal != 0)
		rc = begin_terminal(relay, launch->wish->relay, err);
	return rc;
}

static void join(HANDLE *thread)
{
	if (*thread != NULL)
		(void)sbk_win32_wait(*thread, INFINITE, NULL); /* as it ends */
	sbk_win32_close(thread);
}

void sbk_launch_relay_end(struct sbk_launch_relay *relay)
{
	struct sbk_launch *launch = relay->launch;
	size_t i;

	/* What cannot be ended here is said by the launch's release. */
	if (launch != NULL && launch->job != NULL)
		(void)sbk_win32_end_job(launch->job, SBK_LAUNCH_ENDED, NULL);
	if (launch != NULL && relay->screen == NULL)
		sbk_win32_close(&launch->terminal_out);
	if (launch != NULL)
		sbk_launch_close_console(launch);
	join(&relay->screen);
	if (relay->terminal != NULL)
		relay->terminal->end(relay->terminal->self);
	relay->terminal = NULL;
	for (i = 0; i < 3; i++) {
		struct sbk_launch_line *line = &relay->lines[i];

		sbk_win32_close(&line->given);
		join(&line->thread);
		sbk_win32_close(&line->from);
	}
}
