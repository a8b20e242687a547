/*
 * run_driver [--rw P] [--ro P] [--deny P] [--protect P] [--net MODE]
 *            [--home H] [-C DIR] [--timeout S] [--abi N] [--no-namespaces]
 *            [--best-effort] [--nproc N] [--memory MIB] -- COMMAND...
 *
 * The launch without policy and journal, to measure it and to try it by hand.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/run.h"
#include "tests/linux/run_scope.h"

#include "engine/banned.h"

static const struct option options[] = {{"rw", 1, NULL, 'w'},
					{"ro", 1, NULL, 'r'},
					{"deny", 1, NULL, 'd'},
					{"protect", 1, NULL, 'p'},
					{"net", 1, NULL, 'n'},
					{"home", 1, NULL, 'h'},
					{"timeout", 1, NULL, 't'},
					{"abi", 1, NULL, 'a'},
					{"nproc", 1, NULL, 'u'},
					{"memory", 1, NULL, 'm'},
					{"no-namespaces", 0, NULL, 'N'},
					{"best-effort", 0, NULL, 'b'},
					{NULL, 0, NULL, 0}};

int main(int argc, char **argv)
{
	struct sbk_run_options run = {.begun = NULL};
	struct sbk_error err = SBK_ERROR_INIT;
	struct sbk_run_end end;
	struct sbk_scope scope;
	int option;

	test_scope_init(&scope, "/home/tester");
	while ((option = getopt_long(argc, argv, "+C:", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			test_scope_add(&scope, SBK_ACCESS_RW, optarg);
			break;
		case 'r':
			test_scope_add(&scope, SBK_ACCESS_RO, optarg);
			break;
		case 'd':
			test_scope_add(&scope, SBK_ACCESS_DENY, optarg);
			break;
		case 'p':
			test_scope_add(&scope, SBK_ACCESS_PROTECT, optarg);
			break;
		case 'n':
			scope.network = strcmp(optarg, "on") == 0
						? SBK_NETWORK_ON
					: strcmp(optarg, "loopback") == 0
						? SBK_NETWORK_LOOPBACK
						: SBK_NETWORK_OFF;
			break;
		case 'h':
			(void)snprintf(scope.person.home,
				       sizeof(scope.person.home), "%s", optarg);
			break;
		case 'C':
			scope.directory = optarg;
			break;
		case 't':
			scope.timeout_s = strtoul(optarg, NULL, 10);
			break;
		case 'u':
			scope.processes = strtoul(optarg, NULL, 10);
			break;
		case 'm':
			scope.memory_mib = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			run.test_landlock_abi_plus_one =
				strtoul(optarg, NULL, 10) + 1;
			break;
		case 'N':
			run.test_no_namespaces = true;
			break;
		case 'b':
			scope.best_effort = true;
			break;
		default:
			return 200;
		}
	}
	if (sbk_run_launch(&scope, &run, argv + optind, NULL, &end, &err) < 0) {
		fprintf(stderr, "run_driver: %s\n", err.message);
		return 200;
	}
	test_scope_release(&scope);
	if (end.timed_out)
		return 209;
	return end.exit_code;
}
