/*
 * A command that somebody's policy names. Owns that it is started as it is
 * written, by no cmd.exe, with nothing of ours but its streams, and that it and
 * whatever it started has ended when its time has.
 *
 * Two threads carry its input and what it says, so that neither a command that
 * reads nothing nor one that says much holds up the time limit: both threads
 * end when the last of its processes is gone.
 */
#include "engine/os.h"

#include <stdio.h>
#include <string.h>

#include "engine/limits.h"
#include "engine/path_form.h"
#include "engine/windows/child.h"
#include "engine/windows/folders.h"
#include "engine/windows/setup_check.h"
#include "engine/windows/win32.h"
#include "engine/windows/win32_logon.h"
#include "engine/windows/win32_pipe.h"

#include "engine/banned.h"

#define SAID_MAX 256 /* of its first line */
#define THREAD_MS 2000

/* Its streams; our ends. */
struct talk {
	const struct sbk_buf *input;
	HANDLE in, out;		    /* ours */
	HANDLE their_in, their_out; /* the command's */
	HANDLE writer, reader;	    /* threads */
	char said[SAID_MAX];
	size_t said_size;
};

static DWORD WINAPI write_input(void *arg)
{
	struct talk *talk = arg;

	/* One that does not read it to its end has what it wanted. */
	(void)sbk_win32_write(talk->in, talk->input->data, talk->input->size,
			      NULL);
	sbk_win32_close(&talk->in);
	return 0;
}

/* What does not fit is read and dropped. */
static DWORD WINAPI read_output(void *arg)
{
	struct talk *talk = arg;
	char part[512];
	size_t got;

	while (sbk_win32_read_pipe(talk->out, part, sizeof(part), &got, NULL) ==
		       0 &&
	       got > 0) {
		const size_t room = sizeof(talk->said) - 1 - talk->said_size;
		const size_t taken = got < room ? got : room;

		memcpy(talk->said + talk->said_size, part, taken);
		talk->said_size += taken;
	}
	return 0;
}

static int open_streams(struct talk *talk, struct sbk_error *err)
{
	int rc = sbk_win32_make_pipe(&talk->their_in, &talk->in, err);

	return rc < 0 ? rc
		      : sbk_win32_make_pipe(&talk->out, &talk->their_out, err);
}

static int begin_threads(struct talk *talk, struct sbk_error *err)
{
	int rc = sbk_win32_make_thread(read_output, talk, NULL, &talk->reader,
				       err);

	return rc < 0 ? rc
		      : sbk_win32_make_thread(write_input, talk, NULL,
					      &talk->writer, err);
}

/* When nothing of the command runs any more, no read or write goes on. */
static int end_thread(HANDLE *thread, struct sbk_error *err)
{
	int rc = 1;

	if (*thread != NULL)
		rc = sbk_win32_wait(*thread, THREAD_MS, err);
	if (rc == 0)
		rc = sbk_win32_end_thread(*thread, THREAD_MS, err);
	sbk_win32_close(thread);
	if (rc == 0)
		return sbk_error_set(err, SBK_E_BUSY,
				     "its streams are still in use");
	return rc < 0 ? rc : 0;
}

static void close_streams(struct talk *talk)
{
	sbk_win32_close(&talk->in);
	sbk_win32_close(&talk->out);
	sbk_win32_close(&talk->their_in);
	sbk_win32_close(&talk->their_out);
}

/* --- where it is, and what it is given ------------------------------------ */

/* Where it is, without links, to `real`. */
static int check_program(const char *path, bool root_only,
			 char real[SBK_PATH_MAX], struct sbk_error *err)
{
	char way[SBK_PATH_MAX];
	struct sbk_file file;
	int rc;

	if (!sbk_path_is_absolute(path))
		return sbk_error_set(err, SBK_E_INVAL,
				     "'%.300s' is no absolute path", path);
	rc = sbk_os_resolve(path, real, &file, err);
	if (rc == 0 && file.type != SBK_FILE_REGULAR)
		rc = sbk_error_set(err, SBK_E_DENIED,
				   "'%.300s' is no regular file", path);
	(void)snprintf(way, sizeof(way), "%s", real);
	return rc < 0 || !root_only ? rc : sbk_setup_check_place(way, err);
}

struct environment {
	char path[2 * SBK_PATH_MAX + 8], profile[SBK_PATH_MAX + 16];
	const char *variables[3];
};

static int make_environment(const char *home, struct environment *out,
			    char windows[SBK_PATH_MAX], struct sbk_error *err)
{
	char system[SBK_PATH_MAX];
	int rc = sbk_folder_path("Windows", windows, SBK_PATH_MAX, err);

	if (rc == 0)
		rc = sbk_folder_path("System", system, sizeof(system), err);
	if (rc < 0)
		return rc;
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->path, sizeof(out->path), "PATH=%s;%s", system,
		       windows);
	sbk_path_give(out->path);
	out->variables[0] = out->path;
	if (home == NULL)
		return 0;
	(void)snprintf(out->profile, sizeof(out->profile), "USERPROFILE=%s",
		       home);
	sbk_path_give(out->profile);
	out->variables[1] = out->profile;
	return 0;
}

/* --- running it ----------------------------------------------------------- */

static int failed(const char *path, DWORD code, const struct talk *talk,
		  struct sbk_error *err)
{
	const int line = (int)strcspn(talk->said, "\r\n");

	return sbk_error_set(err, SBK_E_IO,
			     "'%.200s' ended with code %lu%s%.*s", path, code,
			     line > 0 ? ": " : "", line, talk->said);
}

static int run(const struct sbk_child_wish *wish, struct talk *talk,
	       DWORD milliseconds, struct sbk_error *err)
{
	struct sbk_child child = SBK_CHILD_INIT;
	DWORD code = 0;
	int rc = begin_threads(talk, err), reading, writing;

	if (rc == 0)
		rc = sbk_child_start(wish, &child, err);
	/* Its own are copies; ours would keep the pipes open. */
	sbk_win32_close(&talk->their_in);
	sbk_win32_close(&talk->their_out);
	if (rc == 0)
		rc = sbk_child_wait(&child, milliseconds, &code, err);
	reading = end_thread(&talk->reader, rc == 0 ? err : NULL);
	writing = end_thread(&talk->writer, rc == 0 ? err : NULL);
	if (rc == 0)
		rc = reading < 0 ? reading : writing;
	return rc < 0 || code == 0 ? rc
				   : failed(wish->program, code, talk, err);
}

int sbk_os_run_command(const char *const *argv, const char *home,
		       const struct sbk_buf *input, int timeout_ms,
		       bool root_only, struct sbk_error *err)
{
	char real[SBK_PATH_MAX], windows[SBK_PATH_MAX];
	struct environment environment;
	struct talk talk = {.input = input};
	struct sbk_child_wish wish = {.program = real,
				      .argv = argv,
				      .directory = windows,
				      .environment = environment.variables};
	int rc = check_program(argv[0], root_only, real, err);

	if (rc == 0)
		rc = make_environment(home, &environment, windows, err);
	if (rc == 0)
		rc = open_streams(&talk, err);
	if (rc == 0) {
		wish.streams[0] = talk.their_in;
		wish.streams[1] = wish.streams[2] = talk.their_out;
		rc = run(&wish, &talk, (DWORD)timeout_ms, err);
	}
	close_streams(&talk);
	return rc;
}
