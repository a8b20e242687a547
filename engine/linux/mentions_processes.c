/*
 * Who runs: the user and group numbers of every process, from /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/linux/error.h"
#include "engine/linux/mentions.h"

#include "engine/banned.h"

#define NUMBERS_MAX 4096 /* of one line; more are of no account of ours */

/* The whole of a small file; empty where the process has ended. */
static void read_status(int proc, const char *pid, char *out, size_t out_size)
{
	char path[64];
	size_t size = 0;
	ssize_t n;
	int fd;

	out[0] = '\0';
	(void)snprintf(path, sizeof(path), "%.20s/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	while (size + 1 < out_size &&
	       (n = read(fd, out + size, out_size - 1 - size)) > 0)
		size += (size_t)n;
	(void)close(fd); /* it was only read */
	out[size] = '\0';
}

/* The numbers on the line that begins with `word`, each once. */
static size_t numbers_of(const char *status, const char *word, uint32_t *out,
			 size_t max)
{
	const char *line = strstr(status, word);
	size_t count = 0, i;
	char *end;

	if (line == NULL)
		return 0;
	line += strlen(word);
	for (;;) {
		unsigned long number;

		while (*line == ' ' || *line == '\t')
			line++;
		if (!isdigit((unsigned char)*line) || count == max)
			return count;
		number = strtoul(line, &end, 10);
		line = end;
		for (i = 0; i < count && out[i] != number; i++)
			;
		if (i == count)
			out[count++] = (uint32_t)number;
	}
}

static int mention_line(const struct sbk_mention_reader *reader,
			const char *object, char kind, const char *status,
			const char *word, struct sbk_error *err)
{
	uint32_t numbers[NUMBERS_MAX];
	size_t count = numbers_of(status, word, numbers, NUMBERS_MAX), i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		struct sbk_mention mention = {.place = SBK_MENTION_PROCESS,
					      .object = object,
					      .kind = kind,
					      .first = numbers[i],
					      .count = 1};

		rc = reader->found(reader->arg, &mention, err);
	}
	return rc;
}

static int mention_process(const struct sbk_mention_reader *reader, int proc,
			   const char *pid, struct sbk_error *err)
{
	char status[65536], object[128], name[32] = "";
	int rc;

	read_status(proc, pid, status, sizeof(status));
	(void)sscanf(status, "Name: %31[^\n]", name); /* "" where it ended */
	(void)snprintf(object, sizeof(object), "process %.20s (%s)", pid, name);
	rc = mention_line(reader, object, 'u', status, "\nUid:", err);
	if (rc == 0)
		rc = mention_line(reader, object, 'g', status, "\nGid:", err);
	if (rc == 0)
		rc = mention_line(reader, object, 'g', status,
				  "\nGroups:", err);
	return rc;
}

int sbk_mentions_in_processes(const struct sbk_mention_reader *reader,
			      struct sbk_error *err)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int rc = 0, os_code = 0;

	if (directory == NULL)
		return reader->missed(reader->arg, "/proc",
				      "the processes cannot be listed", err);
	while (rc == 0) {
		errno = 0;
		entry = readdir(directory);
		os_code = errno;
		if (entry == NULL)
			break;
		if (isdigit((unsigned char)entry->d_name[0]))
			rc = mention_process(reader, dirfd(directory),
					     entry->d_name, err);
	}
	(void)closedir(directory); /* it was only read */
	if (rc == 0 && os_code != 0)
		rc = sbk_error_set_errno(err, os_code, "reading '/proc'");
	return rc;
}
