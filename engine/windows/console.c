/*
 * See the header. Owns the modes of the caller's console from `begin` to `end`,
 * and gives them back once, whoever comes first: the run's end, or the end of
 * this process. Its code pages are never changed: what is typed and drawn goes
 * through as UTF-16.
 */
#include "engine/windows/console.h"

#include <stdlib.h>
#include <string.h>

#include "engine/windows/console_rules.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_console.h"
#include "engine/windows/win32_logon.h"

#include "engine/banned.h"

#define RECORDS 128
#define LOOK_MS 250 /* between two looks at the size, where no event tells */
#define THREAD_MS 1000
#define PART_BYTES 4096

struct sbk_console {
	HANDLE in, out, over, thread;
	DWORD in_before, out_before;
	bool raw; /* under `lock`: the modes are ours */
	COORD size;
	struct sbk_console_keys keys;
	struct sbk_console_text text;
	struct sbk_terminal_sink sink;
	struct sbk_terminal terminal;
};

static SRWLOCK lock = SRWLOCK_INIT;
static struct sbk_console *in_use; /* under `lock` */

/* --- the modes ------------------------------------------------------------ */

/* Sequences are drawn; a bare line feed where the system has it. */
static int set_output(const struct sbk_console *console, struct sbk_error *err)
{
	const DWORD before = console->out_before;

	if (sbk_win32_set_console_mode(console->out,
				       sbk_console_output_mode(before, true),
				       NULL) == 0)
		return 0;
	return sbk_win32_set_console_mode(
		console->out, sbk_console_output_mode(before, false), err);
}

static void restore(const struct sbk_console *console)
{
	/* A console that went away needs nothing back. */
	(void)sbk_win32_set_console_mode(console->in, console->in_before, NULL);
	(void)sbk_win32_set_console_mode(console->out, console->out_before,
					 NULL);
}

static int look(struct sbk_console *console, struct sbk_error *err)
{
	int rc = sbk_win32_console_mode(console->in, &console->in_before, err);

	if (rc == 0)
		rc = sbk_win32_console_mode(console->out, &console->out_before,
					    err);
	return rc;
}

static int enter(struct sbk_console *console, struct sbk_error *err)
{
	int rc = look(console, err);

	AcquireSRWLockExclusive(&lock);
	if (rc == 0)
		rc = set_output(console, err);
	if (rc == 0)
		rc = sbk_win32_set_console_mode(
			console->in, sbk_console_input_mode(console->in_before),
			err);
	if (rc == 0) {
		console->raw = true;
		in_use = console;
	} else {
		restore(console);
	}
	ReleaseSRWLockExclusive(&lock);
	return rc;
}

/*
 * What is drawn may be cut off anywhere, and the terminal left in a mode in
 * which it types by itself. What it typed and nobody read, answers among it,
 * was for the run. Under `lock`.
 */
static void leave(struct sbk_console *console)
{
	WCHAR units[256];
	size_t count = 0;

	if (!console->raw)
		return;
	while (sbk_console_closing[count] != '\0') {
		units[count] = (WCHAR)sbk_console_closing[count];
		count++;
	}
	(void)sbk_win32_write_units(console->out, units, count, NULL);
	(void)sbk_win32_flush_records(console->in, NULL);
	restore(console);
	console->raw = false;
	in_use = NULL;
}

/* Whoever frees a console has left it: then it is not in use. */
void sbk_console_give_back(void)
{
	AcquireSRWLockExclusive(&lock);
	if (in_use != NULL)
		leave(in_use);
	ReleaseSRWLockExclusive(&lock);
}

/* --- what the user does ----------------------------------------------------
 */

static void look_at_size(struct sbk_console *console)
{
	COORD size;

	if (sbk_win32_console_size(console->out, &size, NULL) < 0 ||
	    size.X < 1 || size.Y < 1 ||
	    (size.X == console->size.X && size.Y == console->size.Y))
		return;
	console->size = size;
	console->sink.resize(console->sink.arg, size);
}

static int carry_records(struct sbk_console *console, struct sbk_buf *bytes,
			 struct sbk_error *err)
{
	INPUT_RECORD records[RECORDS];
	DWORD count = 0, i;
	int rc;

	/* No event is of that kind, where none came after all. */
	memset(records, 0, sizeof(records));
	rc = sbk_win32_read_records(console->in, records, RECORDS, &count, err);
	sbk_buf_clear(bytes);
	for (i = 0; rc == 0 && i < count; i++) {
		const KEY_EVENT_RECORD *event = &records[i].Event.KeyEvent;
		const struct sbk_console_key key = {
			.down = event->bKeyDown != FALSE,
			.key = event->wVirtualKeyCode,
			.unit = event->uChar.UnicodeChar,
			.repeat = event->wRepeatCount};

		if (records[i].EventType == KEY_EVENT)
			sbk_console_key(&console->keys, &key, bytes);
	}
	if (rc == 0)
		rc = sbk_buf_failed(bytes, err);
	if (rc == 0 && bytes->size > 0)
		console->sink.keys(console->sink.arg, bytes->data, bytes->size);
	return rc;
}

/* An event tells of the buffer's size, not of each change of the window. */
static DWORD WINAPI listen(void *arg)
{
	struct sbk_console *console = arg;
	struct sbk_buf bytes = SBK_BUF_INIT;
	int rc = 0;

	while (rc >= 0) {
		rc = sbk_win32_wait_two(console->over, console->in, LOOK_MS,
					NULL);
		if (rc == 1)
			break;
		if (rc == 2)
			rc = carry_records(console, &bytes, NULL);
		look_at_size(console);
	}
	/* Of a console that went away nothing comes any more; the run goes on,
	 * or is ended by whoever closed it (interrupt.h). */
	sbk_buf_release(&bytes);
	return 0;
}

/* --- as a terminal ---------------------------------------------------------
 */

static int begin(void *self, const struct sbk_terminal_sink *sink,
		 struct sbk_error *err)
{
	struct sbk_console *console = self;
	int rc;

	console->sink = *sink;
	console->over = sbk_win32->pipe->CreateEventW(NULL, TRUE, FALSE, NULL);
	if (console->over == NULL)
		return sbk_win32_last_error(err, "CreateEventW");
	rc = enter(console, err);
	if (rc < 0)
		return rc;
	rc = sbk_win32_make_thread(listen, console, NULL, &console->thread,
				   err);
	if (rc < 0)
		sbk_console_give_back();
	return rc;
}

/* Where nobody sees it, the run ends by itself, or is ended. */
static int draw(void *self, const void *data, size_t size,
		struct sbk_error *err)
{
	struct sbk_console *console = self;
	const uint8_t *at = data;
	WCHAR units[PART_BYTES + 1];

	(void)err;
	while (size > 0) {
		const size_t part = size < PART_BYTES ? size : PART_BYTES;
		const size_t count =
			sbk_console_units(&console->text, at, part, units);

		(void)sbk_win32_write_units(console->out, units, count, NULL);
		at += part;
		size -= part;
	}
	return 0;
}

static void end(void *self)
{
	struct sbk_console *console = self;

	/* It may hang in a read of what another program took first. */
	(void)sbk_win32->console->SetEvent(console->over); /* our own */
	while (sbk_win32_end_thread(console->thread, THREAD_MS, NULL) == 0)
		;
	sbk_win32_close(&console->thread);
	sbk_win32_close(&console->over);
	sbk_console_give_back();
}

/* --- taking it -------------------------------------------------------------
 */

static enum sbk_stream_kind kind_of(HANDLE stream)
{
	if (stream == NULL || stream == INVALID_HANDLE_VALUE)
		return SBK_STREAM_NONE;
	if (sbk_win32_is_console(stream))
		return SBK_STREAM_CONSOLE;
	return sbk_win32->program->GetFileType(stream) == FILE_TYPE_PIPE
		       ? SBK_STREAM_PIPE
		       : SBK_STREAM_OTHER;
}

/* Whether it draws sequences is seen by asking it, before anything is made. */
static int try_output(struct sbk_console *console, struct sbk_error *err)
{
	struct sbk_error why = SBK_ERROR_INIT;
	int rc = set_output(console, &why);

	restore(console);
	if (rc == 0)
		return 0;
	return sbk_error_set(err, SBK_E_UNSUPPORTED,
			     "this console draws no terminal sequences (%s): "
			     "switch its legacy mode off in its properties, or "
			     "send the output elsewhere, as by '| more'",
			     why.message);
}

static int open_both(struct sbk_console *console, struct sbk_error *err)
{
	int rc = sbk_win32_open_console(L"CONIN$", &console->in, err);

	if (rc == 0)
		rc = sbk_win32_open_console(L"CONOUT$", &console->out, err);
	if (rc == 0)
		rc = look(console, err);
	if (rc == 0)
		rc = try_output(console, err);
	if (rc == 0)
		rc = sbk_win32_console_size(console->out, &console->size, err);
	return rc;
}

int sbk_console_take(struct sbk_launch_wish *wish, struct sbk_console **out,
		     struct sbk_error *err)
{
	enum sbk_stream_kind kinds[3];
	struct sbk_console_plan plan;
	struct sbk_console *console;
	size_t i;
	int rc;

	*out = NULL;
	for (i = 0; i < 3; i++)
		kinds[i] = kind_of(wish->streams[i]);
	sbk_console_plan(kinds, &plan);
	if (plan.no_input)
		wish->streams[0] = NULL;
	if (plan.terminal == 0)
		return 0;
	console = calloc(1, sizeof(*console));
	if (console == NULL)
		return sbk_error_no_memory(err);
	rc = open_both(console, err);
	if (rc < 0) {
		sbk_console_free(console);
		return rc;
	}
	console->terminal = (struct sbk_terminal){
		.self = console, .begin = begin, .write = draw, .end = end};
	wish->terminal = plan.terminal;
	wish->size = console->size;
	wish->relay = &console->terminal;
	*out = console;
	return 0;
}

void sbk_console_free(struct sbk_console *console)
{
	if (console == NULL)
		return;
	sbk_win32_close(&console->over); /* of a begin that failed */
	sbk_win32_close(&console->in);
	sbk_win32_close(&console->out);
	free(console);
}
