/*
 * The line of progress. Owns how often it is written: not in the first half
 * second, then some times a second, and the clock is asked only at each so many
 * calls, so that telling costs the work nothing.
 */
#include "engine/cli_progress.h"

#include <inttypes.h>

#include "engine/buf.h"
#include "engine/os.h"

#include "engine/banned.h"

#define FIRST_MS 500
#define EVERY_MS 200
#define CALLS 64 /* of tell, for each look at the clock */

static void write_over(struct sbk_cli_progress *line, const char *text,
		       size_t columns)
{
	size_t i;

	(void)fprintf(line->out, "\r%s", text); /* only for a person's eyes */
	for (i = columns; i < line->columns; i++)
		(void)fputc(' ', line->out);
	(void)fflush(line->out);
	line->columns = columns;
}

static void tell(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct sbk_cli_progress *line = arg;
	struct sbk_buf text = SBK_BUF_INIT;
	int64_t now;

	if (line->out == NULL || line->calls++ % CALLS != 0)
		return;
	now = sbk_os_now_ms();
	/* A clock that was set back is waited for no longer than this. */
	if (now < line->next_ms && line->next_ms - now <= FIRST_MS)
		return;
	line->next_ms = now + EVERY_MS;
	sbk_buf_printf(
		&text, "%s: %" PRIu64 " of %" PRIu64 ", %u %%", what, done,
		total,
		(unsigned)(total > 0 ? (double)done * 100 / (double)total : 0));
	if (text.failure == 0)
		write_over(line, sbk_buf_text(&text), text.size);
	sbk_buf_release(&text);
}

void sbk_cli_progress_begin(struct sbk_cli_progress *line, struct sbk_cli *cli,
			    bool wanted)
{
	*line = (struct sbk_cli_progress){
		.progress = {.tell = tell, .arg = line},
		.out = wanted && cli->err == stderr && sbk_os_is_watched()
			       ? cli->err
			       : NULL,
		.next_ms = sbk_os_now_ms() + FIRST_MS,
	};
}

static bool is_over(void *arg)
{
	(void)arg;
	return sbk_os_interrupted();
}

int sbk_cli_changes_begin(struct sbk_cli_progress *line, struct sbk_cli *cli,
			  bool wanted, struct sbk_error *err)
{
	sbk_cli_progress_begin(line, cli, wanted);
	line->progress.is_over = is_over;
	return sbk_os_interrupts_begin(err);
}

void sbk_cli_changes_end(struct sbk_cli_progress *line)
{
	sbk_os_interrupts_end();
	sbk_cli_progress_end(line);
}

void sbk_cli_progress_end(struct sbk_cli_progress *line)
{
	if (line->out == NULL)
		return;
	if (line->columns > 0) {
		write_over(line, "", 0);
		(void)fputs("\r", line->out); /* likewise */
		(void)fflush(line->out);
	}
	line->out = NULL;
}
