/*
 * Attacks, one per mechanism. Each line of the file in argv[1] is an attack's
 * name and its words; each runs in a process of its own, and one line per
 * attack goes to stdout: "LINE NAME done" when it reached its aim, else
 * "LINE NAME refused ERRNO" (0 where no errno tells why). The same program
 * runs outside and inside: the controls show that the attack itself works.
 *
 *	attack LIST          all lines of the file LIST
 *	attack -1 NAME ...   one attack; exit 0 done, 1 refused
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/attack/attack.h"

#include "engine/banned.h"

#define WORDS_MAX 8

static int run_one(int count, char **words)
{
	static const struct attack *const tables[] = {
		attack_files, attack_powers, attack_reach};
	const struct attack *a;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (a = tables[i]; a->name != NULL; a++)
			if (strcmp(a->name, words[0]) == 0 &&
			    a->words == count - 1)
				return a->run(count - 1, words + 1);
	fprintf(stderr, "attack: no attack '%s' with %d words\n", words[0],
		count - 1);
	exit(2);
}

/* The result as an errno, or 128 + n when a signal ended the attack. */
static int run_apart(int count, char **words)
{
	int pipes[2], result = -1, status;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		exit(2);
	pid = fork();
	if (pid < 0)
		exit(2);
	if (pid == 0) {
		result = run_one(count, words);
		_exit(write(pipes[1], &result, sizeof(result)) < 0);
	}
	(void)close(pipes[1]);
	if (waitpid(pid, &status, 0) < 0)
		exit(2);
	if (WIFSIGNALED(status))
		result = 1000 + WTERMSIG(status);
	else if (read(pipes[0], &result, sizeof(result)) != sizeof(result))
		exit(2);
	(void)close(pipes[0]);
	return result;
}

int main(int argc, char **argv)
{
	char line[8192];
	int number_of_line = 0;
	FILE *list;

	(void)umask(0);
	if (argc > 2 && strcmp(argv[1], "-1") == 0)
		return run_one(argc - 2, argv + 2) != 0;
	list = argc == 2 ? fopen(argv[1], "re") : NULL;
	if (list == NULL)
		return 2;
	while (fgets(line, sizeof(line), list) != NULL) {
		char *words[WORDS_MAX], *at = line, *word;
		int count = 0, result;

		while (count < WORDS_MAX && (word = strsep(&at, " \n")) != NULL)
			if (word[0] != '\0')
				words[count++] = word;
		result = run_apart(count, words);
		printf("%d %s %s %d\n", number_of_line++, words[0],
		       result == 0 ? "done" : "refused", result);
		(void)fflush(stdout);
	}
	return fclose(list) != 0;
}
